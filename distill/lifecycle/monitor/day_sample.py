"""The inputs of a day whose distance and language are found out: all of a small day, of a large one an even share.

An input's hash decides whether it takes part. Where more than `most` do, the share is halved and those beyond it are let go: the
sample is spread evenly over the day however large that becomes, and a day costs a few times `most` distances at the most.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from distill.lifecycle.monitor.rates.signals import FAR, LANGUAGE, SHOWS

SAMPLED = (FAR, LANGUAGE)
"""Signals that are counted in the sample alone."""
CHANCE = "sample_place"
"""The column with an input's place from 0 to 1."""
_FLAGS = {SHOWS + name: pl.Boolean for name in SAMPLED}


def chance(of: str = "input") -> pl.Expr:
    """Where an input stands from 0 to 1, by its hash."""
    return (pl.col(of).hash(7).cast(pl.Float64) / 2.0**64).alias(CHANCE)


@dataclass(slots=True)
class DaySample:
    """The calls of at most `most` distinct inputs of a day: those whose chance is below `share`."""

    most: int
    share: float = 1.0
    rows: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={CHANCE: pl.Float64, **_FLAGS}))

    def take(self, calls: pl.DataFrame) -> None:
        """Add the calls that are below the share; the share falls as long as there are too many."""
        fresh = calls.select(CHANCE, *(pl.col(name).cast(kind) for name, kind in _FLAGS.items()))
        self.rows = pl.concat([self.rows, fresh.filter(pl.col(CHANCE) < self.share)])
        while self.inputs > self.most:
            self.share /= 2
            self.rows = self.rows.filter(pl.col(CHANCE) < self.share)

    @property
    def inputs(self) -> int:
        """Distinct inputs in the sample."""
        return self.rows[CHANCE].n_unique()

    def counts(self) -> Iterable[tuple[str, list[int]]]:
        """(signal, [hits, calls that say anything]) of each."""
        for name in SAMPLED:
            told = self.rows[SHOWS + name].drop_nulls()
            yield name, [int(told.sum()), told.len()]
