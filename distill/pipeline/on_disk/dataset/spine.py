"""What of all samples is in memory: numbers and short labels, an entry a row, in the order of the seed ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from distill.curate.shards.edges import KINDS, Edges
from distill.curate.shards.partition import numbers
from distill.curate.shards.shards import Shards
from distill.similarity.arrays import Bools, Int64s, UInt64s
from distill.task.run import ActiveRun


@dataclass(frozen=True, slots=True)
class Spine:
    """All samples that have scores."""

    shards: Shards
    ids: UInt64s
    strata: pl.Series
    names: Sequence[str]
    """The strata in the order of their names; `strata` holds places in it."""

    @classmethod
    def of(cls, shards: Shards) -> Spine:
        """Read it from the samples."""
        parts, strata = [np.empty(0, np.uint64)], list[pl.Series]()
        for _, frame in shards.each(["seed_id", "stratum"]):
            parts.append(numbers(frame["seed_id"]))
            strata.append(frame["stratum"])
        column = pl.concat(strata) if strata else pl.Series("stratum", [], dtype=pl.String)
        names = column.unique().sort().to_list()
        kind = pl.Enum(names)
        return cls(shards, np.concatenate(parts), column.cast(kind), names)

    @property
    def height(self) -> int:
        """How many."""
        return len(self.ids)

    @property
    def codes(self) -> Int64s:
        """Of each row the place of its stratum among `names`."""
        return self.strata.to_physical().to_numpy().astype(np.int64)

    def stratum(self, places: Sequence[int]) -> pl.Series:
        """The strata of some rows."""
        return self.strata.gather(np.array(places, np.int64)).cast(pl.String)

    def marked(self, frame: pl.DataFrame, start: int, marks: Bools) -> pl.DataFrame:
        """The rows of a shard whose mark is set."""
        return frame.filter(pl.Series(marks[start : start + frame.height]))


def edges_of(run: ActiveRun, ids: UInt64s) -> Edges:
    """The run's pairs between rows that are among `ids` (ascending), by their places."""
    pairs = run.table("pairs.parquet")
    left, right = numbers(pairs["a"]), numbers(pairs["b"])
    a, b = np.searchsorted(ids, left), np.searchsorted(ids, right)
    last = max(0, len(ids) - 1)
    both = np.zeros(len(a), np.bool_)
    if len(ids):
        both = (ids[np.minimum(a, last)] == left) & (ids[np.minimum(b, last)] == right)
    kinds = np.array([KINDS.index(kind) for kind in pairs["kind"]], np.uint8)
    return Edges(a[both], b[both], pairs["similarity"].to_numpy()[both], kinds[both])
