"""Rows of one cluster are drawn together, and few clusters widen an interval; where each row is alone nothing changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.stats.cluster_draws import cluster_of_rows, times_drawn, widened

NAMES = st.lists(st.sampled_from("abcdef"), min_size=2, max_size=40)


@given(NAMES)
def test_rows_of_one_name_have_one_number_and_the_numbers_are_without_a_gap(names: list[str]) -> None:
    place = cluster_of_rows(len(names), names).tolist()
    assert sorted(set(place)) == list(range(len(set(names))))
    assert len(set(zip(names, place, strict=True))) == len(set(names))


@given(st.lists(st.lists(st.integers(0, 6), min_size=5, max_size=5), min_size=1, max_size=8))
def test_what_is_drawn_is_counted(drawn: list[list[int]]) -> None:
    found = times_drawn(np.array(drawn), 7)
    assert found.tolist() == [[row.count(one) for one in range(7)] for row in drawn]


@given(NAMES)
def test_an_interval_is_never_narrower_and_the_same_where_each_row_is_alone(names: list[str]) -> None:
    alone = [f"{n}" for n in range(len(names))]
    assert widened(0.5, 0.4, 0.7, alone) == widened(0.5, 0.4, 0.7, None) == (0.4, 0.7)
    low, high = widened(0.5, 0.4, 0.7, names)
    assert low <= 0.4
    assert high >= 0.7


def test_ten_clusters_widen_by_students_t_and_their_own_variance() -> None:
    low, high = widened(0.0, -1.0, 1.0, [f"{n % 10}" for n in range(50)])
    assert (low, high) == (pytest.approx(-2.262 / 1.96 * np.sqrt(10 / 9), abs=1e-3), -low)
