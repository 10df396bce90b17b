from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.stats import mean_interval, paired_difference, proportion, rows_needed

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


@pytest.mark.parametrize("n", [1, 5, 40])
def test_all_equal_rows_are_not_certainty(n: int) -> None:
    """40 rows without a difference cannot rule out one of 8.8 points: 1 - 0.025 ** (1 / 40)."""
    found = paired_difference([0.5] * n, [0.5] * n)
    assert found.mean == 0
    assert found.high == -found.low == pytest.approx(1 - 0.025 ** (1 / n))


def test_about_95_of_100_intervals_hold_the_truth() -> None:
    draw = random.Random(7)
    held = 0
    for _ in range(100):
        found = mean_interval([draw.choice([0.0, 0.5, 0.5, 1.0, 1.0]) for _ in range(60)])
        held += found.low <= 0.6 <= found.high
    assert 88 <= held <= 100


def test_under_twenty_rows_an_estimate_says_that_it_is_small() -> None:
    assert mean_interval([0.5, 1.0] * 9).small is True
    assert mean_interval([0.5, 1.0] * 10).small is False


def test_the_needed_rows_do_decide() -> None:
    """Repeating the rows found up to the needed number gives an interval clear of the margin."""
    differences = [0.0] * 18 + [0.5, -0.5]
    needed = rows_needed(differences, 0.05)
    assert needed is not None
    assert needed > len(differences)
    more = [differences[i % 20] for i in range(needed)]
    assert paired_difference(more, [0.0] * needed).low > -0.05


@pytest.mark.parametrize(("differences", "margin"), [([-0.1, 0.06], 0.02), ([0.5], 0.02), ([-1.0, 1.0], 0.001)])
def test_no_number_is_named_where_none_would_decide(differences: list[float], margin: float) -> None:
    assert rows_needed(differences, margin) is None


@pytest.mark.parametrize("values", [[], [1.2], [float("nan")]])
def test_what_is_no_score_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="expected scores"):
        mean_interval(values)
