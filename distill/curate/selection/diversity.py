"""Which rows of a stratum to keep: far from each other, not too odd, and of good quality.

Farthest first (Gonzalez, 1985). Each pick is the row with the highest

    weight × distance to the nearest pick × √(mean likeness to all rows) + (1 - weight) × quality

The root holds back rows that are like nothing else, which plain farthest first would pick before all others.

All pairs of a large stratum would cost the square of it. Its rows are dealt by hash into tables of `TABLE` or fewer. Where
few are wanted, each table first names a quarter of its own, until one table holds all that were named; where many are,
each table picks its part. So the cost grows as the rows do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from distill.curate.selection.likeness import SAME, Likeness, likeness, traits
from distill.similarity.arrays import Float64s

TABLE = 1024
FEW = 16
"""Where the wanted are fewer than one row in so many, the tables name candidates first."""


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
    worth, typical = np.array(quality), np.full(len(inputs), -1.0)
    texts = pl.DataFrame({"input": inputs, "answer": answers})

    def pick(table: Sequence[int], before: Sequence[int], most: int) -> list[int]:
        members = np.array([*before, *table], np.int64)
        found = traits(*(column.to_list() for column in texts[members]))
        alike = likeness(found, found)
        # A table is a fair sample of the stratum only as long as none has named its candidates: the first figure stands.
        typical[members] = np.where(typical[members] < 0, alike.sum(axis=1) / len(members), typical[members])
        odd = np.sqrt(typical[members] / typical[members].max())
        picks = _farthest(alike, weight * odd, (1 - weight) * worth[members], len(before), most)
        return [int(members[n]) for n in picks]

    if count <= 0:
        return []
    held = set(taken)
    rows = [i for i in range(len(inputs)) if i not in held]
    while len(rows) > TABLE and count * FEW < len(rows):
        rows = sorted(i for table in _tables(rows) for i in pick(table, (), -(-len(table) // 4)))
    tables, picked, done = _tables(rows), list[int](), 0
    for number, table in enumerate(tables):
        done += len(table)
        before = list(taken)[number :: len(tables)][:TABLE]
        picked += pick(table, before, count * done // len(rows) - len(picked))
    return picked


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
