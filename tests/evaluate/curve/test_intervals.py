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
