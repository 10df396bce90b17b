"""`seeds.since` against the runs that there are: from which moment rows are taken, and which seeds of the last run stay.

    since: "2026-11-01"    rows from then on, and of the last run its test rows: two runs are compared on the same rows
    since: last run        every row that the last run has, and rows from a day before it asked its teacher on: logs arrive late

The last run is the latest whose report is written, so that one which was stopped goes on with the rows that it began with.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from distill.errors import UsageError
from distill.pipeline.next_run.run_number import finished
from distill.rundir import RunDir, numbers, read_parquet
from distill.seeds.since import Since
from distill.seeds.split import CALIBRATION, TEST
from distill.spec import TaskSpec
from distill.spec.seeds import LAST_RUN
from distill.text.times import SECOND, micros

_LATE = 24 * 3600 * SECOND


def since_of(spec: TaskSpec, home: Path) -> Since | None:
    """What the spec means by it now; None where every row is taken, as where there is no last run yet."""
    wanted = spec.seeds.since
    if wanted is None:
        return None
    run = _last(home, spec.task)
    seeds = None if run is None else _seeds(run)
    if wanted.at != LAST_RUN:
        moment = micros(wanted.at) or 0
        if run is None or seeds is None:
            return Since(moment, wanted.column)
        tested = seeds.filter(pl.col("role").is_in([TEST, CALIBRATION]))
        return Since(moment, wanted.column, frozenset(tested["seed_id"]), run.name)
    if run is None or seeds is None:
        return None
    return Since(_asked(run) - _LATE, wanted.column, frozenset(seeds["seed_id"]), run.name)


def _last(home: Path, task: str) -> RunDir | None:
    """The latest run that is finished."""
    for number in reversed(numbers(home, task)):
        run = RunDir(home, task, number)
        if finished(run):
            return run
    return None


def _seeds(run: RunDir) -> pl.DataFrame | None:
    """Its seeds; None where the folder has none any more."""
    path = run.path / "seeds.parquet"
    return read_parquet(path, ["seed_id", "role"]) if path.exists() else None


def _asked(run: RunDir) -> int:
    """When it began to ask, in microseconds."""
    started = run.manifest()["stages"].get("generate", {}).get("started")
    if not isinstance(started, int | float):
        raise UsageError(
            f"run {run.name} does not say when it began, so `seeds.since: {LAST_RUN}` means nothing; write a date instead"
        )
    return int(started * SECOND)
