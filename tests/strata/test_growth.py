"""Rows more go where the student clearly misses most, within their number; chance is no target."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.strata.growth import GrownStratum, StrataGrowth, grown, targets

NAMES = list("abcdef")
LABELS = {name: {"kind": name} for name in NAMES}
LOSSES = st.dictionaries(st.sampled_from(NAMES), st.lists(st.floats(0, 1), max_size=30))
COUNTS = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 60))


@pytest.mark.parametrize(
    ("losses", "found"),
    [
        ({"a": [1, 0], "b": [0] * 40}, []),  # one of two
        ({"a": [1] * 4, "b": [0] * 40}, []),  # four of four are too few to name a stratum
        ({"a": [1] * 8 + [0] * 12, "b": [0] * 40}, ["a"]),
        ({"a": [1] * 10 + [0] * 10, "b": [1] * 20 + [0] * 20}, []),  # all lose alike
        ({"a": [1] * 20}, []),  # there are no others
        ({"a": [0.6] * 20, "b": [0.1] * 40}, ["a"]),  # graded scores too
        ({"a": [0.0] * 20, "b": [0.0] * 20}, []),
        ({}, []),
    ],
)
def test_a_target_loses_clearly_more_than_the_others(losses: dict[str, list[float]], found: list[str]) -> None:
    assert list(targets(losses)) == found


def test_the_rows_go_by_the_clear_excess_of_misses() -> None:
    """And no stratum gets more than it has, so what one cannot take goes to the next."""
    losses = {"a": [1.0] * 20, "b": [1.0] * 6 + [0.0] * 14, "c": [0.0] * 100}
    found = {one.stratum: one for one in grown(losses, {}, had={"a": 50, "b": 50, "c": 50}, labels=LABELS, rows=60)}
    assert set(found) == {"a", "b"}
    assert found["a"].more > found["b"].more > 0
    assert sum(one.more for one in found.values()) == 60
    many = grown(losses, {}, had={"a": 10, "b": 50, "c": 50}, labels=LABELS, rows=60)
    assert [(one.stratum, one.more) for one in many] == [("a", 10), ("b", 50)]


@given(LOSSES, COUNTS, COUNTS, st.integers(1, 200))
def test_the_number_of_rows_is_a_limit(
    losses: dict[str, list[float]], harvested: dict[str, int], had: dict[str, int], rows: int
) -> None:
    found = grown(losses, harvested, had=had, labels=LABELS, rows=rows)
    assert sum(one.new for one in found) <= rows
    assert all(0 < one.new <= had.get(one.stratum, 0) + harvested.get(one.stratum, 0) for one in found)
    assert found == grown(dict(reversed(losses.items())), harvested, had=had, labels=LABELS, rows=rows)
    assert sum(one.harvested for one in found) == min(rows, sum(harvested.values()))


def test_harvested_inputs_come_before_the_misses_of_the_evaluation() -> None:
    losses = {"a": [1.0] * 20, "c": [0.0] * 100}
    found = {one.stratum: one for one in grown(losses, {"b": 8}, had={"a": 50, "b": 9}, labels=LABELS, rows=10)}
    assert (found["b"].new, found["b"].harvested, found["b"].lost) == (8, 8, None)
    assert (found["a"].new, found["a"].harvested) == (2, 0)


def test_what_grew_before_stays_and_grows_on() -> None:
    """A floor is what the stratum had when it first grew, and all that came to it since."""
    before = [GrownStratum("a", {"kind": "a"}, had=20, more=20, new=20), GrownStratum("b", {"kind": "b"}, 20, 5, 5)]
    found = grown({"a": [1.0] * 20, "c": [0.0] * 80}, {}, had={"a": 40, "b": 25}, labels=LABELS, rows=30, before=before)
    assert [(one.stratum, one.had, one.more, one.new) for one in found] == [("a", 20, 50, 30), ("b", 20, 5, 0)]
    growth = StrataGrowth("mood/002", "agreement", found)
    assert (growth.more, [one.stratum for one in growth.new], str(growth)) == (55, ["a"], "a +50, b +5")
    assert [case.at_least for case in growth.cases] == [70, 25]


def test_a_stratum_that_is_no_more_does_not_grow() -> None:
    before = [GrownStratum("z", {"kind": "z"}, had=20, more=20)]
    assert grown({"y": [1.0] * 20, "a": [0.0] * 80}, {"x": 3}, had={"y": 9}, labels=LABELS, rows=9, before=before) == []
