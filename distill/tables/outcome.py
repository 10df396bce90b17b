"""What a step over a table returns: the rows kept, the rows that went, and why. Nothing vanishes.

`kept` and `rejected` partition the step's input, both sorted by (seed_id, teacher, kind, draw) with the columns the step
added; `dropped` has one row for each rejected one, in the schema of dropped.parquet. `report` is JSON-able:
{"stage": str, "in": int, "kept": int, "dropped": {reason: int}, …}.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from distill.records import Json
from distill.tables.columns import DROPPED, Columns

WHYS: Columns = {"index": pl.Int64, "reason": pl.String, "detail": pl.String}
ORDER = ("seed_id", "teacher", "kind", "draw", "request_id", "source", "line")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a curation step returns: `kept` + `rejected` = the input; `dropped` says why each rejected row went.

    kept, rejected    the input's columns and those that the step added, e.g. score_length
    dropped           row, request_id, stratum, stage, reason, detail
    report            {"stage": "length", "in": 120, "kept": 117, "dropped": {"too_long": 3}}
    """

    kept: pl.DataFrame
    dropped: pl.DataFrame
    report: dict[str, Json]
    rejected: pl.DataFrame = field(default_factory=pl.DataFrame)


def ordered(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` sorted by (seed_id, teacher, kind, draw, …): the order of every table, whatever order its rows arrived in."""
    names = [name for name in ORDER if name in frame.columns]
    if frame.height < 2 or (frame.height > _FEW and _in_order(frame, names)):
        return frame
    return frame.sort(names, maintain_order=True)


_FEW = 5_000
"""Rows that are sorted sooner than they are looked through."""


def _in_order(frame: pl.DataFrame, names: Sequence[str]) -> bool:
    """Whether a sort would change nothing; then a table of a million rows need not be copied to be sure."""
    later, level = pl.lit(False), pl.lit(True)
    for name in names:
        here, following = pl.col(name).slice(0, pl.len() - 1), pl.col(name).slice(1)
        later, level = later | (level & (here > following)), level & (here == following)
    return not frame.select(later.fill_null(True).any()).item()


def partition(rows: pl.DataFrame, drops: Mapping[int, tuple[str, str]], *, stage: str) -> Outcome:
    """Split ordered `rows` by `drops` (row index → reason, detail)."""
    whys = [(i, *drops[i]) for i in sorted(drops)]
    return parted(rows, pl.DataFrame(whys, schema=WHYS, orient="row"), stage=stage)


def parted(rows: pl.DataFrame, whys: pl.DataFrame, *, stage: str) -> Outcome:
    """The same for as many drops as there are rows: `whys` are (index, reason, detail), sorted by the index."""
    if not whys.height:
        none = dropped_frame()
        return Outcome(kept=rows, dropped=none, report=summary(stage, rows.height, none), rejected=rows.clear())
    keep = np.ones(rows.height, dtype=np.bool_)
    keep[whys["index"].to_numpy()] = False
    mask = pl.Series(keep)
    rejected = rows.filter(~mask)
    request = pl.col("request_id") if "request_id" in rows.columns else pl.lit(None, dtype=pl.String)
    named = rejected.select(pl.col("seed_id").alias("row"), request.alias("request_id"), "stratum", stage=pl.lit(stage))
    dropped = pl.concat([named, whys.drop("index")], how="horizontal").select(
        pl.col(name).cast(kind) for name, kind in DROPPED.items()
    )
    report = summary(stage, rows.height, dropped)
    return Outcome(kept=rows.filter(mask), dropped=dropped, report=report, rejected=rejected)


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
