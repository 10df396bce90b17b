"""Where a run stands, read without touching it, also while it works."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from distill import spec as specs
from distill.errors import UsageError
from distill.flow import naming
from distill.flow.open_batches import holder, place
from distill.flow.opening import home_of
from distill.flow.stages import ORDER
from distill.rundir import MANIFEST, RunDir, latest
from distill.teacher.migrations import MIGRATIONS, VERSION

_LEDGER = (
    "SELECT spender, count(*), coalesce(sum(ended='ok'),0), sum(settled IS NULL), coalesce(sum(coalesce(usd, reserved_usd)),0.0), "
    "coalesce(sum(iif(coalesce(estimated, 1), coalesce(usd, reserved_usd), 0.0)),0.0) FROM attempts WHERE run=? GROUP BY spender ORDER BY min(id)"
)

_BATCH = ("run", "spender", "endpoint", "batch", "state", "rows", "answered", "submitted", "ended", "usd", "error")
_BATCHES = (
    "SELECT run, spender, endpoint, coalesce(batch_id, key), state, requests, answered, submitted, ended, "
    "(SELECT coalesce(sum(coalesce(usd, reserved_usd)), 0.0) FROM attempts WHERE batch=key), error "
    "FROM batches WHERE run=?1 OR state NOT IN ('collected', 'abandoned') ORDER BY made, key"
)


def status(path: Path, overrides: Sequence[str], home: Path = Path()) -> dict[str, Any]:
    """Stages, rows and spend of a run, or of a task's newest one; `home` is where a name is looked for."""
    task, run, home = _meant(path, overrides, home)
    name = run.name if run else ""
    with Reader(home) as db:
        ledger = [
            dict(zip(("spender", "sends", "answered", "open", "usd", "usd_estimated"), row, strict=True))
            for row in db.execute(_LEDGER, (name,))
        ]
        found = [dict(zip(_BATCH, row, strict=True)) for row in db.execute(_BATCHES, (name,))]
    for batch in found:
        batch["endpoint"] = place(batch["endpoint"])
    batches = [batch for batch in found if batch["run"] == name]
    others = [batch for batch in found if batch["run"] != name]
    if run is None:
        return {"task": task, "run": None, "stages": {}, "ledger": [], "batches": [], "other_batches": others}
    stages = run.manifest()["stages"]
    return {
        "task": task,
        "run": run.name,
        "held_by": holder(run),
        "stages": {
            name: {k: v for k, v in stages[name].items() if k not in ("key", "outputs")} if name in stages else None
            for name in ORDER
        },
        "ledger": ledger,
        "batches": batches,
        "other_batches": others,
        "deadline": run.manifest().get("deadline"),
        "report": str(run / "report.html") if (run / "report.html").exists() else None,
    }


def _meant(path: Path, overrides: Sequence[str], home: Path) -> tuple[str, RunDir | None, Path]:
    """The task, the run and the home that an argument means: a spec's newest, or none yet; a name is a run's, or a task's."""
    spec = path / specs.SPEC_FILE if naming.exists(path) and path.is_dir() else path
    if naming.exists(spec) and not (path / MANIFEST).exists():
        task = specs.load(spec, overrides).task if overrides else specs.task_of(spec)
        return task, latest(home_of(spec), task), home_of(spec)
    try:
        run = naming.run_of(str(path), home)
    except UsageError as none:
        if path.name.isdigit():
            raise
        try:
            spec = naming.spec_of(path)
        except UsageError:
            raise none from None
        return specs.task_of(spec), None, home_of(spec)
    return run.task, run, run.home


class Reader:
    """The store opened for reading only: a running run is not disturbed, a missing store is empty. UsageError where the file
    is no answer store, damaged, or of a newer version, also where that shows only while it is read.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / ".distill" / "answers.db"
        if not self._path.exists():
            self._db = sqlite3.connect(":memory:")
            self._db.executescript(";".join(MIGRATIONS))
            return
        try:
            self._db = sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True)
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise UsageError(
                    f"{self._path} is an answer store of version {version}; this distill reads up to {VERSION}: upgrade it"
                )
            if (
                version < VERSION
            ):  # an older distill may be at work on it: a copy is brought up, the file stays as it is
                copy = sqlite3.connect(":memory:")
                self._db.backup(copy)
                self._db.close()
                copy.executescript(";".join(MIGRATIONS[version:]))
                self._db = copy
        except sqlite3.Error as fault:
            raise self._unreadable(fault) from None

    def __enter__(self) -> sqlite3.Connection:
        return self._db

    def __exit__(self, _kind: type[BaseException] | None, fault: BaseException | None, _trace: object) -> None:
        self._db.close()
        if isinstance(fault, sqlite3.Error):
            raise self._unreadable(fault) from None

    def _unreadable(self, fault: sqlite3.Error) -> UsageError:
        return UsageError(
            f"{self._path} cannot be read as an answer store ({fault}); it holds what was paid for: keep it, and look at a copy "
            "with `sqlite3 COPY .recover`"
        )


def status_lines(result: dict[str, Any]) -> list[str]:
    """The state for people."""
    others = [f"  of run {batch['run']}: {_batch_line(batch)}" for batch in result["other_batches"]]
    if result["run"] is None:
        return [f"{result['task']}: no run yet", *others]
    said = [f"run {result['run']}" + (f", held by process {result['held_by']}" if result["held_by"] else "")]
    ahead = "under way" if result["held_by"] else "-"
    for name, entry in result["stages"].items():
        if entry is None:
            said.append(f"  {name:10}{ahead}")
            ahead = "-"
            continue
        shown = ", ".join(f"{k} {v}" for k, v in entry.items() if k != "started")
        said.append(f"  {name:10}{shown}")
    for row in result["ledger"]:
        estimated = f" (${row['usd_estimated']:.4f} of it estimated)" if row["usd_estimated"] else ""
        said.append(
            f"  {row['spender']:14} {row['answered']:,} answered in {row['sends']:,} sends, {row['open']:,} open, "
            f"${row['usd']:.4f}{estimated}"
        )
    for batch in result["batches"]:
        said.append("  " + _batch_line(batch))
    said += others
    if result["deadline"]:
        said.append(f"  deadline {result['deadline']}")
    return [*said, f"report: {result['report']}"] if result["report"] else said


def _batch_line(batch: dict[str, Any]) -> str:
    """`batch_1: collected, 270 of 300 rows answered, $0.0135, 22:10 → 23:41 (expired)`; one that is out says where."""
    times = " → ".join(_clock(batch[name]) for name in ("submitted", "ended") if batch[name])
    answered = (
        f"{batch['answered']:,} of {batch['rows']:,} rows answered" if batch["ended"] else f"{batch['rows']:,} rows"
    )
    usd = f"${batch['usd']:.4f}" if batch["ended"] else f"at most ${batch['usd']:.4f}"
    why = f" ({batch['error']})" if batch["error"] else ""
    out = batch["state"] not in ("collected", "abandoned")
    at = f" at {batch['endpoint']}" if out else ""
    return f"{batch['batch']}: {batch['state']}{at}, {answered}, {usd}, {times}{why}"


def _clock(moment: str) -> str:
    """A moment of the book by this machine's clock, as `22:10`."""
    return datetime.fromisoformat(moment).astimezone().strftime("%H:%M")
