"""The drawing of test rows; what it comes to over whole tables is in test_split.py."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from distill.seeds.draw import DrawnFrom, draw

PAIRS = st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda pair: pair[0] != pair[1]), max_size=12)


def table(pairs: set[tuple[int, int]]) -> DrawnFrom:
    near: dict[int, set[int]] = {i: set() for i in range(12)}
    for a, b in pairs:
        near[a].add(b)
        near[b].add(a)
    marks = (np.arange(12) * 7919 % 12).astype(np.uint64)
    strata = pl.Series(["a", "b", "c"] * 4)
    degree = np.array([len(near[i]) for i in range(12)])
    return DrawnFrom(
        strata,
        np.arange(12),
        degree,
        np.arange(12),
        lambda i: near[i],
        np.zeros(12, np.uint64),
        marks,
        {"a": 4, "b": 4, "c": 4},
    )


@given(PAIRS, st.integers(0, 12))
def test_no_two_drawn_rows_are_near_each_other(pairs: set[tuple[int, int]], count: int) -> None:
    found = draw(table(pairs), count, np.arange(12)).tolist()
    assert found == sorted(set(found))
    assert len(found) <= count
    assert not any({a, b} <= set(found) for a, b in pairs)


def test_rows_without_near_copies_come_first_and_strata_get_their_share() -> None:
    found = draw(table({(0, 3), (1, 4)}), 6, np.arange(12)).tolist()
    assert not {0, 3, 1, 4} & set(found)
    assert sorted(i % 3 for i in found) == [0, 0, 1, 1, 2, 2]


def test_what_was_drawn_before_keeps_its_neighbours_out() -> None:
    assert 3 not in draw(table({(0, 3)}), 12, np.arange(1, 12), [0]).tolist()
