"""Intervals over rows and seeds: as wide as the seeds' own variance makes them, paired, and never certain without reason."""

from __future__ import annotations

import numpy as np
import pytest

from distill.evaluate.curve import intervals
from distill.stats import mean_interval, paired_difference


def values(points: int, seeds: int, rows: int, spread: float = 0.0) -> intervals.Floats:
    """Scores with a row's own difficulty, and a seed's own luck of this spread."""
    draw = np.random.default_rng(3)
    easy, luck = draw.uniform(0.3, 0.7, rows), draw.normal(0, spread, (points, seeds, 1))
    return np.clip(easy + luck + draw.normal(0, 0.05, (points, seeds, rows)), 0, 1)


def test_one_seed_is_estimated_as_a_comparison_does() -> None:
    one = values(2, 1, 60)
    draws = intervals.drawn_means(one)
    assert intervals.score(one[0], draws[:, 0]) == mean_interval(one[0, 0].tolist())
    gap = intervals.difference(one[1], one[0], draws[:, 1] - draws[:, 0])
    assert gap == paired_difference(one[1, 0].tolist(), one[0, 0].tolist())


def test_luck_of_seeds_widens_the_interval() -> None:
    """Against the standard error of means that both rows and seeds make."""
    steady, lucky = values(1, 5, 200), values(1, 5, 200, spread=0.08)
    widths = []
    for each in (steady, lucky):
        found = intervals.score(each[0], intervals.drawn_means(each)[:, 0])
        widths.append(found.high - found.low)
        by_seed, by_row = each[0].mean(axis=1), each[0].mean(axis=0)
        error = np.sqrt(by_seed.var(ddof=1) / 5 + by_row.var(ddof=1) / 200)
        assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.2)
    assert widths[1] > 2 * widths[0]


def test_a_difference_is_paired() -> None:
    """What is hard for one point is hard for the other: the difference is known far better than either."""
    both = values(2, 3, 100)
    draws = intervals.drawn_means(both)
    gap = intervals.difference(both[1], both[0], draws[:, 1] - draws[:, 0])
    alone = intervals.score(both[0], draws[:, 0])
    assert gap.high - gap.low < 0.5 * (alone.high - alone.low)
    assert gap.n == alone.n == 100


def test_equal_scores_are_not_certain() -> None:
    """Of several seeds too."""
    same = np.ones((2, 3, 40))
    draws = intervals.drawn_means(same)
    assert intervals.score(same[0], draws[:, 0]).low == pytest.approx(0.912, abs=0.01)
    assert intervals.difference(same[1], same[0], draws[:, 1] - draws[:, 0]).high == pytest.approx(0.088, abs=0.01)


def test_the_same_values_give_the_same_draws_and_words_say_how() -> None:
    some = values(2, 2, 30)
    assert (intervals.drawn_means(some) == intervals.drawn_means(some)).all()
    assert "not in it" in intervals.described(1)
    assert "the 4 seeds" in intervals.described(4)


def test_rows_that_fail_together_widen_the_interval_with_one_seed_and_with_several() -> None:
    names = [f"{n // 5}" for n in range(100)]
    easy = np.repeat(np.random.default_rng(4).uniform(0.2, 0.8, 20), 5)
    for seeds in (1, 3):
        both = np.clip(easy + np.random.default_rng(5).normal(0, 0.1, (2, seeds, 100)), 0, 1)
        alone, together = intervals.drawn_means(both), intervals.drawn_means(both, names)
        one, many = intervals.score(both[0], alone[:, 0]), intervals.score(both[0], together[:, 0], names)
        assert many.mean == one.mean
        assert many.high - many.low > 1.7 * (one.high - one.low)
        gap = intervals.difference(both[1], both[0], together[:, 1] - together[:, 0], names)
        assert gap.low < gap.mean < gap.high
    each = [f"{n}" for n in range(100)]
    assert (intervals.drawn_means(both, each) == intervals.drawn_means(both)).all()


@pytest.mark.slow
def test_it_covers_the_truth_over_conversations_and_seeds() -> None:
    """30 conversations of 5 turns that fail together, three seeds with luck of their own, 300 experiments."""
    chance, names = np.random.default_rng(2), [f"{n // 5}" for n in range(150)]
    held = fair = 0
    for _ in range(300):
        hard = np.repeat(chance.beta(4, 2, 30), 5) * 0.8 + 0.1
        right = np.clip(hard + chance.normal(0, 0.02, (2, 3, 1)), 0, 1)
        both = (chance.random((2, 3, 150)) < right).astype(np.float64)
        draws = intervals.drawn_means(both, names, draws=1000)
        mark = intervals.score(both[0], draws[:, 0], names)
        gap = intervals.difference(both[1], both[0], draws[:, 1] - draws[:, 0], names)
        held += mark.low <= 0.8 * 4 / 6 + 0.1 <= mark.high
        fair += gap.low <= 0 <= gap.high
    assert held / 300 >= 0.92
    assert fair / 300 >= 0.92
