from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distill.stats.intervals import proportion
from distill.stats.score_interval import score_interval


@pytest.mark.parametrize(("right", "n"), [(0, 30), (1, 30), (8, 10), (299, 300), (300, 300)])
def test_of_zeros_and_ones_it_is_wilsons(right: int, n: int) -> None:
    wilson = proportion(right, n)
    found = score_interval([1.0] * right + [0.0] * (n - right), 0.0, 1.0)
    assert found == pytest.approx((wilson.mean, wilson.low, wilson.high), abs=1e-6)


def test_it_is_its_own_mirror() -> None:
    values = [0.0] * 40 + [0.2, 0.5, 1.0, -0.3]
    mean, low, high = score_interval(values, -1.0, 1.0)
    assert score_interval([-one for one in values], -1.0, 1.0) == pytest.approx((-mean, -high, -low), abs=1e-6)


def test_fewer_independent_rows_are_wider() -> None:
    values = [0.0] * 90 + [1.0] * 10
    _, low, high = score_interval(values, 0.0, 1.0)
    _, wider_low, wider_high = score_interval(values, 0.0, 1.0, rows=50)
    assert wider_low < low < high < wider_high


def test_what_nobody_saw_counts_less_the_more_rows_differ() -> None:
    """One small difference among equal rows says little of how large one can be; thirty of them do."""
    one = score_interval([0.0] * 49 + [0.1], -1.0, 1.0)
    many = score_interval([0.0] * 20 + [0.1, -0.1] * 15, -1.0, 1.0)
    assert one[2] - one[0] > 0.03
    assert many[2] - many[0] < 0.03


SCORES = st.floats(0, 1) | st.sampled_from([0.0, 5e-324, 9e-248, 1e-12, 1e-9, 0.3, 1 - 1e-9, 1.0])


@given(st.lists(SCORES, min_size=1, max_size=60), st.sampled_from([0.0, 1e-17, 1e-13, 1e-10, 1e-9, 3e-9]))
@example([0.3034440603160969] * 3, 1e-10)
@example([0.0] * 5, 3e-9)
@example([9e-248] * 7, 0.0)
def test_every_list_of_scores_has_an_interval_around_its_mean(values: list[float], noise: float) -> None:
    """Also one whose values differ by a rounding error, as likenesses of equal texts do."""
    moved = [min(1.0, value + noise * (place % 3)) for place, value in enumerate(values)]
    mean, low, high = score_interval(moved, 0.0, 1.0)
    assert -1e-9 <= low <= mean <= high <= 1 + 1e-9


@pytest.mark.parametrize("step", [1e-13, 1e-10, 3e-10, 1e-9, 1e-8, 1e-6])
def test_values_that_hardly_differ_have_an_interval(step: float) -> None:
    """Wherever they lie; where it can be rounding alone that tells them apart, it is that of one value."""
    alike = score_interval([0.3034440603] * 3, 0.0, 1.0)
    for start in range(300):
        values = [0.3034440603 + start * 7e-11 + place * step for place in range(3)]
        found = score_interval(values, 0.0, 1.0)
        assert 0 <= found[1] <= found[0] <= found[2] <= 1
        if step < 1e-9:
            assert found == pytest.approx(alike, abs=1e-6)


@pytest.mark.parametrize("value", [place / 11 for place in range(12)])
@pytest.mark.parametrize("n", [1, 30, 300])
def test_equal_values_rule_out_no_more_than_so_many_rows_can(value: float, n: int) -> None:
    mean, low, high = score_interval([value] * n, 0.0, 1.0)
    assert low - 1e-9 <= value <= high + 1e-9
    assert mean == pytest.approx(value)
    assert n == 1 or high - low < 8 / n
