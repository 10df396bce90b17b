"""Which rows of a stratum that is over its quota are kept, stratum by stratum, wherever the executor works on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from distill.curate.selection.diversity import spread
from distill.executors import executor as executors
from distill.similarity import sketches

RowNumbers = NDArray[np.int64]
NO_ROWS: NDArray[np.int64] = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Chooser:
    """How rows of one stratum are chosen among."""

    rows: pl.DataFrame
    strata: RowNumbers
    """The stratum of each row, as a number."""
    digests: NDArray[np.uint64]
    diverse: bool
    weight: float

    def by_stratum(self, group: RowNumbers) -> list[RowNumbers]:
        """A group's rows of each stratum, in the order they have in it."""
        order = np.argsort(self.strata[group], kind="stable")
        group = group[order]
        return np.split(group, np.flatnonzero(np.diff(self.strata[group])) + 1) if len(group) else []

    def of(self, places: RowNumbers) -> Chooser:
        """For some rows alone, all of one stratum."""
        rows = self.rows.select("input", "answer", "score")[places]
        return Chooser(rows, np.zeros(len(places), np.int64), self.digests[places], self.diverse, self.weight)

    def hashed(self, group: RowNumbers) -> RowNumbers:
        """Rows in the order of the hash of their seed."""
        return group[np.lexsort((group, self.digests[group]))]

    def first(self, group: RowNumbers, count: int, taken: RowNumbers = NO_ROWS) -> RowNumbers:
        """`group`, which comes best first, with the `count` rows in front that are to be kept beside those taken."""
        if not self.diverse or not 0 < count < len(group):
            return group
        order = self.hashed(np.concatenate((taken, group)))
        part = self.rows.select("input", "answer", "score")[order]
        chosen = spread(
            part["input"], part["answer"], _quality(part["score"]),
            count=count, weight=self.weight, taken=np.flatnonzero(np.isin(order, taken)).tolist(),
        )  # fmt: skip
        front = order[chosen]
        return np.concatenate((front, group[~np.isin(group, front)]))


@dataclass(frozen=True, slots=True)
class FullStratum:
    """A stratum that is over its quota: the places of its rows in the table, and again with the best first."""

    places: RowNumbers
    best_first: RowNumbers
    quota: int


@dataclass(frozen=True, slots=True)
class _Stratum:
    """The same by itself, as it is worked on anywhere: `picked`, `before` and `gold` have a mark for each of its rows."""

    chooser: Chooser
    best_first: RowNumbers
    quota: int
    picked: NDArray[np.bool_]
    before: NDArray[np.bool_]
    gold: NDArray[np.bool_]

    def filled(self) -> NDArray[np.bool_]:
        """The rows that are kept, up to the quota: approved ones before others, and of both those that were kept before."""
        picked, group = self.picked.copy(), self.best_first
        for approved in (True, False):
            own = group[self.gold[group] == approved]
            stay = own[self.before[own] & ~picked[own]]
            picked[stay[: self._room(picked)]] = True
            room, taken, others = self._room(picked), group[picked[group]], own[~picked[own]]
            picked[self.chooser.first(others, room, taken)[:room]] = True
        return picked

    def _room(self, picked: NDArray[np.bool_]) -> int:
        return max(0, self.quota - int(picked.sum()))


def filled(
    chooser: Chooser,
    parts: Sequence[FullStratum],
    picked: NDArray[np.bool_],
    before: NDArray[np.bool_],
    gold: NDArray[np.bool_],
) -> Iterator[NDArray[np.bool_]]:
    """Which rows of each stratum are kept. Small strata go elsewhere several at a time; a large one's tables do by themselves."""
    executor = executors.current()
    most = executor.rows if executor.rows is not None and chooser.diverse else 0

    def alone(part: FullStratum) -> _Stratum:
        best_first = np.searchsorted(part.places, part.best_first)
        marks = (mark[part.places] for mark in (picked, before, gold))
        return _Stratum(chooser.of(part.places), best_first, part.quota, *marks)

    small = [part for part in parts if len(part.places) <= most]
    bounds = sketches.blocks([len(part.places) for part in small], max(1, most)) if small else ()
    given = ([alone(part) for part in small[start:stop]] for start, stop in bounds)
    elsewhere = (own for some in executor.map("strata", _fill_each, given, None) for own in some)
    for part in parts:
        yield next(elsewhere) if len(part.places) <= most else alone(part).filled()


def _fill_each(strata: Sequence[_Stratum], _shared: None) -> list[NDArray[np.bool_]]:
    return [stratum.filled() for stratum in strata]


def _quality(scores: pl.Series) -> NDArray[np.float64]:
    """Scores from 0 to 1; a row without one counts as the lowest of the others."""
    least = scores.cast(pl.Float64).min()
    return scores.cast(pl.Float64).fill_null(0.0 if least is None else least).clip(0.0, 1.0).to_numpy()
