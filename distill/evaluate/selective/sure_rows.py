"""cascade.parquet: of each calibration and each test row what decides whether the student's answer is taken.

`distill routes` measures other thresholds on it without asking anybody again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from distill.atomic_write import write_parquet
from distill.rundir import read_parquet

FILE = "cascade.parquet"
_COLUMNS = {
    "seed_id": pl.String, "confidence": pl.Float64, "near": pl.Float64, "obeys": pl.Boolean, "wrong": pl.Boolean,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SureRow:
    """The student's confidence (None: nothing tells), the cosine with the nearest training row, whether there is an answer and it obeys the
    schema, and whether it is wrong (None: nobody can judge it).
    """

    seed_id: str
    confidence: float | None
    near: float
    obeys: bool
    wrong: bool | None


def trusted(row: SureRow, floor: float) -> float:
    """The confidence that counts: 0 where the row is the teacher's whatever the student says."""
    return row.confidence if row.confidence is not None and row.obeys and row.near >= floor else 0.0


def write(path: Path, rows: Mapping[str, Sequence[SureRow]]) -> None:
    """`rows` by their role, calibration and test."""
    listed = [
        (role, one.seed_id, one.confidence, one.near, one.obeys, one.wrong)
        for role, found in rows.items()
        for one in found
    ]
    table = pl.DataFrame(listed, schema={"role": pl.String, **_COLUMNS}, orient="row")
    write_parquet(path, table.sort("role", "seed_id"))


def read(path: Path) -> dict[str, list[SureRow]]:
    """What `write` wrote; UsageError where it is gone or torn."""
    table = read_parquet(path)
    return {
        role: [SureRow(*row) for row in table.filter(role=role).select(*_COLUMNS).iter_rows()]
        for role in ("calibration", "test")
    }
