"""Clopper and Pearson's upper bound, against SciPy's own binomial test and by its coverage."""

from __future__ import annotations

import pytest

from distill.evaluate.selective.bound import least_rows, lower, rows_to_show, upper, within


@pytest.mark.parametrize(("errors", "rows"), [(0, 59), (1, 93), (3, 40), (10, 300)])
def test_the_bound_is_that_of_the_binomial_test(errors: int, rows: int) -> None:
    from scipy.stats import binomtest

    theirs = binomtest(errors, rows, alternative="less").proportion_ci(0.95, "exact")
    assert upper(errors, rows) == pytest.approx(theirs.high)
    theirs = binomtest(errors, rows, alternative="greater").proportion_ci(0.95, "exact")
    assert lower(errors, rows) == pytest.approx(theirs.low)


def test_the_least_rows_are_enough_and_one_fewer_is_not() -> None:
    for errors in range(6):
        rows = least_rows(errors, 0.05)
        assert within(errors, rows, 0.05)
        assert not within(errors, rows - 1, 0.05)
    assert (least_rows(0, 0.05), least_rows(1, 0.05)) == (59, 93)


@pytest.mark.parametrize("rate", [0.02, 0.05, 0.2])
@pytest.mark.parametrize("rows", [59, 100, 300])
def test_the_bound_lies_below_the_truth_in_at_most_one_of_twenty(rate: float, rows: int) -> None:
    """Exact: the probability of every count whose bound is too low."""
    from scipy.stats import binom

    too_low = sum(binom.pmf(errors, rows, rate) for errors in range(rows + 1) if upper(errors, rows) < rate)
    assert too_low <= 0.05


def test_rows_that_would_show_it_are_more_the_nearer_the_rate_is_to_the_risk() -> None:
    far, near = rows_to_show(0.01, 0.05), rows_to_show(0.04, 0.05)
    assert far is not None
    assert near is not None
    assert 59 <= far < near
    assert rows_to_show(0.05, 0.05) is None


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="found 3 of 2"):
        upper(3, 2)
    assert upper(2, 2) == 1.0
    assert not within(0, 0, 0.5)
