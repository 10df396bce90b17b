"""What a step over a table returns: the rows kept, the rows that went, and why. Nothing vanishes.

`kept` and `rejected` partition the step's input, both sorted by (seed_id, teacher, draw) with the columns the step
added; `dropped` has one row for each rejected one, in the schema of dropped.parquet. `report` is JSON-able:
{"stage": str, "in": int, "kept": int, "dropped": {reason: int}, …}.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from distill.records import Json

DROPPED: dict[str, Any] = {
    "row": pl.String,
    "request_id": pl.String,
    "stratum": pl.String,
    "stage": pl.String,
    "reason": pl.String,
    "detail": pl.String,
}
ORDER = ("seed_id", "teacher", "draw", "request_id", "source", "line")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`kept` + `rejected` = the input; `dropped` says why each rejected row went."""

    kept: pl.DataFrame
    dropped: pl.DataFrame
    report: dict[str, Json]
    rejected: pl.DataFrame = field(default_factory=pl.DataFrame)


def ordered(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` sorted by (seed_id, teacher, draw, …): the order of every table, whatever order its rows arrived in."""
    return frame.sort([name for name in ORDER if name in frame.columns], maintain_order=True)


def partition(rows: pl.DataFrame, drops: Mapping[int, tuple[str, str]], *, stage: str) -> Outcome:
    """Split ordered `rows` by `drops` (row index → reason, detail)."""
    keep = pl.Series([i not in drops for i in range(rows.height)], dtype=pl.Boolean)
    rejected = rows.filter(~keep)
    has_request = "request_id" in rows.columns
    dropped = dropped_frame(
        (row["seed_id"], row["request_id"] if has_request else None, row["stratum"], stage, *drops[i])
        for i, row in zip(sorted(drops), rejected.iter_rows(named=True), strict=True)
    )
    report = summary(stage, rows.height, dropped)
    return Outcome(kept=rows.filter(keep), dropped=dropped, report=report, rejected=rejected)


def dropped_frame(rows: Iterable[tuple[str, str | None, str, str, str, str]] = ()) -> pl.DataFrame:
    """A table of dropped.parquet from (row, request_id, stratum, stage, reason, detail)."""
    return pl.DataFrame(list(rows), schema=DROPPED, orient="row")


def summary(stage: str, entered: int, dropped: pl.DataFrame) -> dict[str, Json]:
    """The counts of a step, for the funnel of the report."""
    reasons = Counter(dropped["reason"].to_list())
    return {
        "stage": stage,
        "in": entered,
        "kept": entered - dropped.height,
        "dropped": dict(sorted(reasons.items())),
    }
