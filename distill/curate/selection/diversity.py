"""Which rows of a stratum to keep: far from each other, not too odd, and of good quality.

Farthest first (Gonzalez, 1985). Each pick is the row with the highest

    weight × distance to the nearest pick × √(mean likeness to all rows) + (1 - weight) × quality

The root holds back rows that are like nothing else, which plain farthest first would pick before all others.

All pairs of a large stratum would cost the square of it. Its rows are dealt by hash into tables of `TABLE` or fewer. Where
few are wanted, each table first names a quarter of its own, until one table holds all that were named; where many are,
each table picks its part. So the cost grows as the rows do. A few beside many that are taken already, as gaps are filled,
come from a fair sample of the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import polars as pl

from distill.curate.selection.likeness import SAME, Likeness, likeness, traits
from distill.executors import executor as executors
from distill.similarity.arrays import Float64s, Int64s

TABLE = 1024
FEW = 16
"""Where the wanted are fewer than one row in so many, the tables name candidates first, or a sample is looked at."""


def spread(
    inputs: Sequence[str] | pl.Series,
    answers: Sequence[str] | pl.Series,
    quality: Sequence[float] | Float64s,
    *,
    count: int,
    weight: float,
    taken: Sequence[int] = (),
) -> list[int]:
    """Indices of the `count` rows to keep, in the order picked, beside those `taken` already.

    The rows are to come in the order of a hash: it deals them into tables, and of equal rows the first is picked.
    `quality` is from 0 to 1.
    """
    if count <= 0:
        return []
    stratum = _Stratum(
        pl.DataFrame({"input": inputs, "answer": answers}), np.array(quality), np.full(len(inputs), -1.0)
    )
    held = set(taken)
    rows = [i for i in range(len(inputs)) if i not in held]
    if count * FEW < len(held):
        rows = rows[: max(TABLE, count * FEW)]
    while len(rows) > TABLE and count * FEW < len(rows):
        named = [(table, (), -(-len(table) // 4)) for table in _tables(rows)]
        rows = sorted(i for picks in stratum.picks(named, weight) for i in picks)
    tables = _tables(rows)
    ends = [count * done // len(rows) for done in accumulate(map(len, tables))]
    before = [list(taken)[number :: len(tables)][:TABLE] for number in range(len(tables))]
    shares = [end - start for start, end in pairwise((0, *ends))]
    return [i for picks in stratum.picks(list(zip(tables, before, shares, strict=True)), weight) for i in picks]


_Wanted = tuple[Sequence[int], Sequence[int], int]
"""(rows of a table, those taken already that it is held against, how many to pick)."""


@dataclass(frozen=True, slots=True)
class _Table:
    """The rows of one table, those taken first: their texts, quality, likeness to all others where it is known (else -1)."""

    texts: pl.DataFrame
    quality: Float64s
    typical: Float64s
    taken: int
    count: int


@dataclass(frozen=True, slots=True)
class _Stratum:
    """All rows of a stratum; `typical` is filled as tables look at them."""

    texts: pl.DataFrame
    quality: Float64s
    typical: Float64s

    def picks(self, wanted: Sequence[_Wanted], weight: float) -> Iterator[list[int]]:
        """What each of some tables picks; no row is in two of them."""
        executor, members = executors.current(), [np.array([*taken, *table], np.int64) for table, taken, _ in wanted]
        size = max(1, (executor.rows or 0) // TABLE)
        bounds = executors.cuts(len(wanted), size)
        parts = ([self._table(members[n], *wanted[n][1:]) for n in range(*bound)] for bound in bounds)
        found = (one for some in executor.map("variety", _pick_each, parts, weight) for one in some)
        for own, (picks, typical) in zip(members, found, strict=True):
            self.typical[own] = typical
            yield own[picks].tolist()

    def _table(self, members: Int64s, taken: Sequence[int], count: int) -> _Table:
        return _Table(self.texts[members], self.quality[members], self.typical[members], len(taken), count)


def _pick_each(tables: Sequence[_Table], weight: float) -> list[tuple[list[int], Float64s]]:
    """(what a table picks, by the places of its rows; its rows' likeness to all others)."""
    return [_pick(table, weight) for table in tables]


def _pick(table: _Table, weight: float) -> tuple[list[int], Float64s]:
    found = traits(*(column.to_list() for column in table.texts))
    alike = likeness(found, found)
    # A table is a fair sample of the stratum only as long as none has named its candidates: the first figure stands.
    typical = np.where(table.typical < 0, alike.sum(axis=1) / len(table.typical), table.typical)
    odd = np.sqrt(typical / typical.max())
    return _farthest(alike, weight * odd, (1 - weight) * table.quality, table.taken, table.count), typical


def _tables(rows: Sequence[int]) -> list[Sequence[int]]:
    number = max(1, -(-len(rows) // TABLE))
    return [rows[len(rows) * n // number : len(rows) * (n + 1) // number] for n in range(number)]


def _farthest(alike: Likeness, variety: Float64s, quality: Float64s, taken: int, count: int) -> list[int]:
    """The picks among the rows after the first `taken` ones; what a row gains is variety × distance + quality."""
    # Distances are whole numbers, and each step here is one that every machine rounds alike: ties are the same everywhere.
    far = SAME - alike[:taken].max(axis=0) if taken else np.full(len(alike), float(SAME))
    per_step, fixed = variety / SAME, quality.copy()
    fixed[:taken] = -np.inf
    picked: list[int] = []
    for _ in range(count):
        row = int(np.argmax(far * per_step + fixed))
        picked.append(row)
        fixed[row] = -np.inf
        np.minimum(far, SAME - alike[row], out=far)
    return picked


def apart(inputs: Sequence[str], answers: Sequence[str]) -> Float64s:
    """The distance of each row to the nearest of the others, from 0 to 1; of two rows or more."""
    found = traits(inputs, answers)
    alike = likeness(found, found)
    np.fill_diagonal(alike, -1)
    distances: Float64s = 1 - alike.max(axis=1) / SAME
    return distances
