"""Which rows become the test: drawn by stratum in proportion, no two of a cluster or near each other.

Rows are known by their places. What is large of them, their texts and ids, is not looked at here but as numbers, so ten million rows
can be drawn from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from distill.records import Json, content_id
from distill.similarity.arrays import Bools, Int64s, UInt64s
from distill.strata.apportion import apportion


@dataclass(frozen=True, slots=True)
class DrawnFrom:
    """All rows of a table; each array has an entry a row."""

    strata: pl.Series
    roots: Int64s
    """The row that its cluster is named for."""
    degree: Int64s
    """How many other texts each is near."""
    node: Int64s
    near: Callable[[int], Iterable[int]]
    """Row → the nodes that it is near."""
    groups: UInt64s
    """A hash of what the row came from; all the same where nothing is said of it."""
    marks: UInt64s
    """A hash of its seed."""
    counts: Mapping[str, int]
    """Stratum → rows."""


def hashes(names: Iterable[str], *parts: Json, count: int) -> UInt64s:
    """The `content_id` of some parts and each name, as a number."""
    return np.fromiter((int(content_id(*parts, name), 16) for name in names), np.uint64, count)


def draw(rows: DrawnFrom, count: int, eligible: Int64s, first: Sequence[int] = ()) -> Int64s:
    """The places of so many test rows, ascending, none of them near one of `first`."""
    sizes = np.bincount(rows.roots, minlength=len(rows.roots))[rows.roots]
    costs = np.maximum(sizes, 1 + rows.degree)[eligible]
    # Group by group, since a test row costs the training set the rest of its group; within one, and without any, rows
    # without near copies first: a test row costs whatever is near it.
    ranked = eligible[np.lexsort((rows.marks[eligible], costs, rows.groups[eligible]))]
    ranked = ranked[_apart(rows, ranked, np.maximum(sizes, 1 + rows.degree) > 1, first)]
    codes = rows.strata.rank("dense").to_numpy().astype(np.int64)
    own = codes[ranked]
    _, begins = np.unique(own, return_index=True)
    pools = {str(rows.strata[int(ranked[at])]): ranked[own == own[at]] for at in np.sort(begins).tolist()}
    weights = {name: rows.counts[name] for name in pools}
    room = {name: len(pool) for name, pool in pools.items()}
    seats = apportion(count, held=dict.fromkeys(pools, 0), room=room, weights=weights)
    return np.sort(np.concatenate([np.empty(0, np.int64), *(pool[: seats[name]] for name, pool in pools.items())]))


def _apart(rows: DrawnFrom, ranked: Int64s, linked: Bools, first: Sequence[int]) -> Bools:
    """Which of the ranked rows are in no cluster of one before them, or of `first`, and near none of them."""
    taken = {int(rows.roots[i]) for i in first}
    drawn = {int(rows.node[i]) for i in first}
    apart = np.ones(len(ranked), np.bool_)
    # A row that is near nothing and alone in its cluster is in nobody's way.
    for at in np.flatnonzero(linked[ranked]).tolist():
        i = int(ranked[at])
        apart[at] = int(rows.roots[i]) not in taken and drawn.isdisjoint(rows.near(i))
        if apart[at]:
            taken.add(int(rows.roots[i]))
            drawn.add(int(rows.node[i]))
    return apart
