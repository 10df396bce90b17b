"""Subsets of rows: nested, each stratum with its share, the same for the same seed."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.errors import UsageError
from distill.pipeline.learning_curve.subsets import RowKey, chosen, sizes

STRATA = st.lists(st.sampled_from("aaab"), min_size=1, max_size=120)


@given(STRATA, st.integers(0, 5))
def test_subsets_are_nested_and_spread(strata: list[str], seed: int) -> None:
    """Whatever the number of rows: each is part of the next, and a stratum is within a row of its share."""
    rows = [RowKey(stratum, (str(at),)) for at, stratum in enumerate(strata)]
    before: set[int] = set()
    whole = Counter(strata)
    for count in range(1, len(rows) + 1):
        places = chosen(rows, count, seed)
        assert places == sorted(set(places))
        assert len(places) == count
        assert before <= set(places)
        before = set(places)
        for stratum, size in whole.items():
            assert abs(sum(rows[at].stratum == stratum for at in places) - count * size / len(rows)) <= 1


def test_a_seed_is_an_order_of_its_own() -> None:
    """That has to do with ids alone, not with where a row stands."""
    rows = [RowKey("a", (str(at),)) for at in range(60)]
    assert chosen(rows, 20, 0) == chosen(rows, 20, 0) != chosen(rows, 20, 1)
    there = {rows[at] for at in chosen(rows, 20, 0)}
    assert {rows[::-1][at] for at in chosen(rows[::-1], 20, 0)} == there


@pytest.mark.parametrize(
    ("given_", "found"),
    [(None, [50, 100, 150, 200]), ("50,100", [50, 100]), ("100%, 25%,60", [50, 60, 200]), ("200,200,50", [50, 200])],
)
def test_points_are_numbers_or_percents(given_: str | None, found: list[int]) -> None:
    assert sizes(given_, 200, least=20) == found


def test_quarters_that_are_too_small_are_left_out() -> None:
    assert sizes(None, 60, least=20) == [30, 45, 60]


@pytest.mark.parametrize(
    ("given_", "total", "said"),
    [
        ("5,100", 200, "--rows names 5"),
        ("-3", 200, "holds '-3'"),
        (None, 12, "at least 2 points of 20 rows"),
        ("20,20", 200, "at least 2 points"),
    ],
)
def test_points_that_cannot_be_are_refused(given_: str | None, total: int, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        sizes(given_, total, least=20)
