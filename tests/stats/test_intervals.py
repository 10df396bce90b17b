from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.stats import mean_interval, p_worse, paired_difference, proportion
from distill.stats.score_interval import Z

SHARES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=60)


@settings(max_examples=25, deadline=None)
@given(SHARES)
def test_the_interval_holds_the_mean_stays_in_range_and_ignores_order(values: list[float]) -> None:
    found = mean_interval(values)
    assert 0 <= found.low <= found.mean <= found.high <= 1
    assert mean_interval(values[::-1]) == found


@settings(max_examples=25, deadline=None)
@given(SHARES)
def test_a_difference_turned_round_is_its_own_mirror(values: list[float]) -> None:
    other = values[1:] + values[:1]
    there, back = paired_difference(values, other), paired_difference(other, values)
    assert there.mean == pytest.approx(-back.mean)
    assert -1 <= there.low <= there.mean <= there.high <= 1


def test_wilson_as_in_the_books() -> None:
    found = proportion(8, 10)
    assert (round(found.low, 4), round(found.high, 4)) == (0.4902, 0.9433)


@pytest.mark.parametrize("n", [1, 5, 40, 150])
def test_all_equal_rows_are_not_certainty(n: int) -> None:
    """150 rows without a difference cannot rule out one of 2.5 points: z² / (n + z²)."""
    found = paired_difference([0.5] * n, [0.5] * n)
    assert found.mean == 0
    assert found.high == -found.low == pytest.approx(Z**2 / (n + Z**2))


def test_nothing_jumps_where_all_rows_agree() -> None:
    """Each win more moves the lower end by what a row of 150 weighs, a small one by less; so does a loss the other way."""
    wins = [paired_difference([1.0] * won + [0.0] * (150 - won), [0.0] * 150) for won in range(6)]
    steps = [b.low - a.low for a, b in itertools.pairwise(wins)]
    assert all(0 < step < 1.1 / 150 for step in steps)
    tiny = paired_difference([0.001] + [0.0] * 149, [0.0] * 150)
    assert wins[0].low < tiny.low < -0.005


def test_tango_as_published() -> None:
    """12 of 44 pairs one way and 1 the other: the ends are those of the closed form of Statistics in Medicine 17, 1998."""
    found = paired_difference([1.0] * 12 + [0.0] * 32, [0.0] * 12 + [1.0] + [0.0] * 31)
    assert (found.low, found.high) == pytest.approx(_tango(12, 1, 44), abs=1e-6)


def _tango(b: int, c: int, n: int) -> tuple[float, float]:
    """The published closed form of the restricted estimate, solved for both ends by bisection."""

    def apart(delta: float) -> float:
        at = -b - c + (2 * n - b + c) * delta
        lost = (math.sqrt(at * at - 8 * n * (-c * delta * (1 - delta))) - at) / (4 * n)
        return (b - c - n * delta) / math.sqrt(n * (2 * lost + delta * (1 - delta)))

    def end(inside: float, outside: float, level: float) -> float:
        for _ in range(100):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if abs(apart(middle)) < level else (inside, middle)
        return inside

    middle = (b - c) / n
    return end(middle, -0.9999, Z), end(middle, 0.9999, Z)


COVERED = {
    "lose 3 %, win 1 %": ([0.03, 0.01, 0.96], 1, 150),
    "lose 5 %, win 3 %": ([0.05, 0.03, 0.92], 1, 50),
    "lose 10 %, win 10 %": ([0.1, 0.1, 0.8], 1, 300),
    "three fields": ([0.05, 0.03, 0.92], 3, 150),
}


@pytest.mark.parametrize("name", COVERED)
def test_95_of_100_intervals_hold_the_truth(name: str) -> None:
    """600 experiments: three standard errors are 2.7 points. benchmarks/intervals.py has 2,000 of many more."""
    shares, fields, n = COVERED[name]
    chance, held = np.random.default_rng(3), 0
    truth = shares[1] - shares[0]
    for _ in range(600):
        rows = chance.choice([-1.0, 1.0, 0.0], (n, fields), p=shares).mean(axis=1)
        found = paired_difference(np.maximum(rows, 0).tolist(), np.maximum(-rows, 0).tolist())
        held += found.low <= truth <= found.high
    assert 0.923 <= held / 600 <= 0.985


def test_graded_means_hold_the_truth() -> None:
    chance = np.random.default_rng(5)
    found = [mean_interval((chance.binomial(3, 0.9, 50) / 3).tolist()) for _ in range(600)]
    assert 0.923 <= sum(one.low <= 0.9 <= one.high for one in found) / 600 <= 0.98


@pytest.mark.parametrize("shares", [(0.03, 0.01), (0.05, 0.03), (0.025, 0.005)])
@pytest.mark.parametrize("n", [50, 150])
def test_a_student_that_loses_exactly_the_margin_is_seldom_found_to_keep_up(
    shares: tuple[float, float], n: int
) -> None:
    lose, win = shares
    chance = np.random.default_rng(7)
    found = 0
    for _ in range(500):
        rows = chance.choice([-1.0, 1.0, 0.0], n, p=[lose, win, 1 - lose - win])
        interval = paired_difference(np.maximum(rows, 0).tolist(), np.maximum(-rows, 0).tolist())
        found += interval.low > win - lose
    assert found <= 0.05 * 500


def test_turns_of_one_conversation_count_as_fewer_rows() -> None:
    """Rows that fail together: as wide as so many conversations; rows that have nothing to do with each other: hardly wider."""
    talks = [talk for talk in range(50) for _ in range(3)]
    together = [float(talk % 5 > 0) for talk in talks]
    alone, by_talk = mean_interval(together), mean_interval(together, talks)
    fifty = mean_interval([float(talk % 5 > 0) for talk in range(50)])
    assert by_talk.high - by_talk.low == pytest.approx(fifty.high - fifty.low, rel=0.05)
    assert by_talk.high - by_talk.low > 1.5 * (alone.high - alone.low)
    assert mean_interval(together, list(range(150))) == alone


def test_clustered_intervals_hold_the_truth() -> None:
    chance, held = np.random.default_rng(9), 0
    for _ in range(400):
        bad = np.repeat(chance.random(50) < 0.2, 3)
        rows = (chance.random(150) < np.where(bad, 0.6, 0.02)).astype(float)
        found = paired_difference([0.0] * 150, rows.tolist(), [row // 3 for row in range(150)])
        held += found.low <= -(0.2 * 0.6 + 0.8 * 0.02) <= found.high
    assert 0.92 <= held / 400 <= 0.985


def test_how_likely_a_loss_is_under_the_margin() -> None:
    """The score test and its interval say the same: where the upper end is the margin, the chance is 2.5 %."""
    student, teacher = [0.0] * 20 + [1.0] * 80, [1.0] * 95 + [0.0] * 5
    at = paired_difference(student, teacher).high
    assert p_worse(student, teacher, -at) == pytest.approx(0.025, abs=1e-4)
    assert p_worse([1.0] * 30, [1.0] * 30, 0.02) == 1
    assert p_worse([0.0] * 30, [1.0] * 30, 0.02) < 1e-6


def test_under_twenty_rows_an_estimate_says_that_it_is_small() -> None:
    assert mean_interval([0.5, 1.0] * 9).small is True
    assert mean_interval([0.5, 1.0] * 10).small is False


@pytest.mark.parametrize("values", [[], [1.2], [float("nan")]])
def test_what_is_no_score_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="expected scores"):
        mean_interval(values)
