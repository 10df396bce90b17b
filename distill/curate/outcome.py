"""The outcome of a curate step, and the one order in which rows are of worth.

A step is a function `(frame, **settings) → Outcome`: kept and rejected partition its rows, doing it twice is
doing it once, and the order of the rows changes nothing. It needs the columns of `answers.SAMPLES`.
"""

from __future__ import annotations

import polars as pl

from distill.outcome import DROPPED, Outcome, dropped_frame, ordered, partition, summary

__all__ = ["DROPPED", "Outcome", "by_worth", "dropped_frame", "ordered", "partition", "rescored", "summary"]


def by_worth(rows: pl.DataFrame) -> list[int]:
    """Indices of ordered rows, the best first: by score (none is last), then by seed_id and draw."""
    scores = rows["score"].to_list()
    return sorted(range(rows.height), key=lambda i: (scores[i] is None, -(scores[i] or 0.0), i))


def rescored(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with `score` as the mean of the `score_…` columns that are not null."""
    names = [name for name in rows.columns if name.startswith("score_")]
    mean = pl.mean_horizontal(names) if names else pl.lit(None, dtype=pl.Float64)
    return rows.with_columns(mean.cast(pl.Float64).alias("score"))
