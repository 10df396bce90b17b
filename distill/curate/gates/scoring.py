"""The outcome of a curate step, and the one order in which rows are of worth.

A step is a function `(frame, **settings) → Outcome`: kept and rejected partition its rows, doing it twice is
doing it once, and the order of the rows changes nothing. It needs the columns of samples.parquet (`distill.tables.columns`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from distill.records import GOLD, Json
from distill.tables.outcome import Outcome, ordered, partition

SampleRow = Mapping[str, Json]
"""A row of samples.parquet, by column."""
Fail = tuple[str, str] | None
"""(reason, detail) of a row that fails a gate, None of one that passes."""


def by_worth(rows: pl.DataFrame) -> NDArray[np.int64]:
    """Indices of ordered rows, the best first: approved ones, then by score (none is last), then by seed_id and draw."""
    score = rows["score"].cast(pl.Float64)
    keys = (
        np.arange(rows.height),
        -score.fill_null(0.0).to_numpy(),
        score.is_null().to_numpy(),
        (rows["teacher"] != GOLD).to_numpy(),
    )
    order: NDArray[np.int64] = np.lexsort(keys)
    return order


def rescored(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with `score` as the mean of the `score_…` columns that are not null."""
    names = [name for name in rows.columns if name.startswith("score_")]
    mean = pl.mean_horizontal(names) if names else pl.lit(None, dtype=pl.Float64)
    return rows.with_columns(mean.cast(pl.Float64).alias("score"))


def _suspected(rows: pl.DataFrame, suspect: pl.Expr | None) -> tuple[Sequence[int], pl.DataFrame]:
    """(places, rows) of those that are to be looked at; patterns go over a million texts once, not twice."""
    if suspect is None:
        return range(rows.height), rows
    marks = rows.select(suspect.fill_null(False).alias("suspect"))["suspect"]
    return marks.arg_true().to_list(), rows.filter(marks) if marks.any() else rows.clear()


def judged(
    frame: pl.DataFrame, name: str, judge: Callable[[SampleRow], Fail], *, suspect: pl.Expr | None = None
) -> Outcome:
    """Score every row (1 or 0, in `score_<name>`), then drop those that fail.

    `suspect` is true of every row that may fail: the others pass without being looked at one by one.
    """
    rows = ordered(frame)
    places, looked = _suspected(rows, suspect)
    found = ((i, judge(row)) for i, row in zip(places, looked.iter_rows(named=True), strict=True))
    drops = {i: fail for i, fail in found if fail is not None}
    scores = np.ones(rows.height)
    scores[list(drops)] = 0.0
    column = pl.Series(f"score_{name}", scores)
    scored = rows.with_columns(column) if column.name in rows.columns else rows.hstack([column])
    return partition(rescored(scored), drops, stage=name)
