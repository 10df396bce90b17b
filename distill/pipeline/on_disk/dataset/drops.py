"""Rows that a step drops, by their places: a mark a row, and the reasons of those as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from distill.atomic_write import sink_parquet, write_json
from distill.records import Json
from distill.rundir import read_json
from distill.similarity.arrays import Bools, Int64s
from distill.tables.columns import DROPPED
from distill.tables.outcome import dropped_frame


@dataclass(frozen=True, slots=True)
class Dropped:
    """What a step left in its folder: gone.npy, drops.parquet (of dropped.parquet, in order), report.json."""

    folder: Path

    @property
    def gone(self) -> Bools:
        """Which rows the step dropped."""
        found: Bools = np.load(self.folder / "gone.npy")
        return found

    @property
    def rows(self) -> Path:
        """The table of its drops."""
        return self.folder / "drops.parquet"

    @property
    def report(self) -> dict[str, Json]:
        """The line of the funnel."""
        return read_json(self.folder / "report.json", dict)


def write(
    folder: Path, count: int, places: Iterable[int] | Int64s, dropped: pl.DataFrame, report: Mapping[str, Json]
) -> None:
    """Note what a step dropped of `count` rows."""
    gone = np.zeros(count, np.bool_)
    gone[np.fromiter(places, np.int64)] = True
    np.save(folder / "gone.npy", gone)
    dropped.select(list(DROPPED)).write_parquet(folder / "drops.parquet")
    write_json(folder / "report.json", dict(report))


def write_parts(folder: Path, count: int, places: Int64s, parts: Sequence[Path], report: Mapping[str, Json]) -> None:
    """The same of drops that lie in files, one after the other, which go away."""
    write(folder, count, places, dropped_frame(), report)
    if parts:
        sink_parquet(folder / "drops.parquet", pl.scan_parquet(list(parts)))
    for part in parts:
        part.unlink()


def table(
    places: Sequence[int], drops: Mapping[int, tuple[str, str]], ids: Iterable[int], strata: pl.Series, stage: str
) -> pl.DataFrame:
    """Rows of dropped.parquet of rows that no request was sent for; `drops` by place, `ids` and `strata` of the `places`."""
    reasons, details = zip(*(drops[place] for place in places), strict=True) if places else ((), ())
    columns = {
        "row": [f"{number:016x}" for number in ids], "request_id": [None] * len(places), "stratum": strata.to_list(),
        "stage": [stage] * len(places), "reason": list(reasons), "detail": list(details),
    }  # fmt: skip
    return pl.DataFrame(columns, schema=DROPPED)
