"""Where a run stands, read without touching it, also while it works."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from distill import spec as specs
from distill.errors import UsageError
from distill.money import known_usd
from distill.pipeline import arguments
from distill.pipeline.arguments import home_of
from distill.records import Json
from distill.rundir import MANIFEST, RunDir, latest
from distill.task import stores
from distill.task.run import ORDER
from distill.task.stage_times import ASKING
from distill.teacher.batch.open_batches import holder
from distill.teacher.endpoint.wire import without_user
from distill.teacher.store import queries
from distill.teacher.store.endpoint_totals import endpoint_totals
from distill.teacher.store.queries import BatchJob

_UNSHOWN = ("code", "reads", "outputs", ASKING)
"""Of a stage's entry in the manifest, what tells nobody anything."""


@dataclass(frozen=True, slots=True)
class SpenderStatus:
    """What one spender has sent; dollars are None where nobody knows what was paid."""

    spender: str
    sends: int
    answered: int
    open: int
    usd: float | None
    usd_estimated: float | None
    unpriced: int


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """What one of several endpoints was sent in the run, and gave; `failed` without the rate limits."""

    endpoint: str
    sends: int
    answered: int
    rate_limited: int
    failed: int
    open: int
    completion_tokens: int
    tokens_a_second: float | None


@dataclass(frozen=True, slots=True)
class Status:
    """A run, or a task that has none yet: then `run` is None. A stage that was not done yet has no entry."""

    task: str
    run: str | None
    held_by: int | None = None
    """The process that works on it."""
    stages: Mapping[str, Mapping[str, Json] | None] = field(default_factory=dict)
    ledger: Sequence[SpenderStatus] = ()
    pilot: Sequence[SpenderStatus] = ()
    batches: Sequence[BatchJob] = ()
    other_batches: Sequence[BatchJob] = ()
    """Jobs of other runs that are at a host."""
    deadline: str | None = None
    report: str | None = None
    endpoints: Sequence[EndpointStatus] = ()
    """Where several endpoints are one teacher."""


def status(path: Path, overrides: Sequence[str], home: Path = Path()) -> Status:
    """Stages, rows and spend of a run, or of a task's newest one; `home` is where a name is looked for."""
    task, run, home = _meant(path, overrides, home)
    name = run.name if run else ""
    with stores.reading(home) as db:
        pilot, ledger, endpoints = _ledger(db, stores.pilot_of(task)), _ledger(db, name), _endpoints(db, name)
        jobs = [replace(batch, endpoint=without_user(batch.endpoint)) for batch in queries.batch_jobs(db, name)]
    others = [batch for batch in jobs if batch.run != name]
    if run is None:
        return Status(task, None, pilot=pilot, other_batches=others)
    manifest, report = run.manifest(), run / "report.html"
    return Status(
        task, run.name, holder(run), _stages(manifest["stages"]), ledger, pilot,
        batches=[batch for batch in jobs if batch.run == name], other_batches=others,
        deadline=manifest.get("deadline"), report=str(report) if report.exists() else None,
        endpoints=endpoints,
    )  # fmt: skip


def _meant(path: Path, overrides: Sequence[str], home: Path) -> tuple[str, RunDir | None, Path]:
    """The task, the run and the home that an argument means: a spec's newest, or none yet; a name is a run's, or a task's."""
    spec = path / specs.SPEC_FILE if arguments.exists(path) and path.is_dir() else path
    if arguments.exists(spec) and not (path / MANIFEST).exists():
        task = specs.load(spec, overrides).task if overrides else specs.task_of(spec)
        return task, latest(home_of(spec), task), home_of(spec)
    try:
        run = arguments.run_of(str(path), home)
    except UsageError as none:
        if path.name.isdigit():
            raise
        try:
            spec, home = arguments.place_of(path)
        except UsageError:
            raise none from None
        return specs.task_of(spec), latest(home, specs.task_of(spec)), home
    return run.task, run, run.home


def _stages(manifest: Mapping[str, Mapping[str, Json]]) -> dict[str, Mapping[str, Json] | None]:
    """Every stage in the order of a run, with what its entry in the manifest says."""
    shown = {name: {k: v for k, v in entry.items() if k not in _UNSHOWN} for name, entry in manifest.items()}
    return {name: shown.get(name) for name in ORDER}


def _ledger(db: sqlite3.Connection, run: str) -> list[SpenderStatus]:
    return [
        SpenderStatus(
            row.spender, row.sends, row.answered, row.unknown,
            known_usd(row.usd, row.unpriced), known_usd(row.usd_estimated, row.unpriced), row.unpriced,
        )
        for row in queries.spender_totals(db, run)
    ]  # fmt: skip


def _endpoints(db: sqlite3.Connection, run: str) -> list[EndpointStatus]:
    return [
        EndpointStatus(
            row.endpoint, row.sends, row.answered, row.rate_limited, row.failed, row.open, row.completion_tokens,
            None if row.tokens_a_second is None else round(row.tokens_a_second, 1),
        )
        for row in endpoint_totals(db, run)
    ]  # fmt: skip
