"""Where a run stands, read without touching it, also while it works."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from distill import spec as specs
from distill.errors import UsageError
from distill.money import known_usd, shown
from distill.pipeline import arguments
from distill.pipeline.open_task import home_of
from distill.rundir import MANIFEST, RunDir, latest
from distill.task import stores
from distill.task.run import ORDER
from distill.teacher.batch.open_batches import holder, place
from distill.teacher.store import identity
from distill.teacher.store.migrations import MIGRATIONS, VERSION
from distill.teacher.store.store import UNPRICED

_LEDGER = (
    "SELECT spender, count(*), coalesce(sum(ended='ok'),0), sum(settled IS NULL), coalesce(sum(coalesce(usd, reserved_usd)),0.0), "  # noqa: S608 - names of our own
    "coalesce(sum(iif(coalesce(estimated, 1), coalesce(usd, reserved_usd), 0.0)),0.0), "
    f"sum{UNPRICED} FROM attempts WHERE run=? GROUP BY spender ORDER BY min(id)"
)

_LEDGER_ROW = ("spender", "sends", "answered", "open", "usd", "usd_estimated", "unpriced")
_BATCH = ("run", "spender", "endpoint", "batch", "state", "rows", "answered", "submitted", "ended", "usd", "error")
_BATCHES = (
    "SELECT run, spender, endpoint, coalesce(batch_id, key), state, requests, answered, submitted, ended, "
    "(SELECT sum(iif(priced, coalesce(usd, reserved_usd), NULL)) FROM attempts WHERE batch=key), error "
    "FROM batches WHERE run=?1 OR state NOT IN ('collected', 'abandoned') ORDER BY made, key"
)


def status(path: Path, overrides: Sequence[str], home: Path = Path()) -> dict[str, Any]:
    """Stages, rows and spend of a run, or of a task's newest one; `home` is where a name is looked for."""
    task, run, home = _meant(path, overrides, home)
    name = run.name if run else ""
    with Reader(home) as db:
        pilot, ledger = _ledger(db, stores.pilot_of(task)), _ledger(db, name)
        found = [dict(zip(_BATCH, row, strict=True)) for row in db.execute(_BATCHES, (name,))]
    for batch in found:
        batch["endpoint"] = place(batch["endpoint"])
    batches = [batch for batch in found if batch["run"] == name]
    others = [batch for batch in found if batch["run"] != name]
    if run is None:
        return {
            "task": task,
            "run": None,
            "stages": {},
            "ledger": [],
            "pilot": pilot,
            "batches": [],
            "other_batches": others,
        }
    stages = run.manifest()["stages"]
    return {
        "task": task,
        "run": run.name,
        "held_by": holder(run),
        "stages": {
            name: {k: v for k, v in stages[name].items() if k not in ("code", "reads", "outputs")}
            if name in stages
            else None
            for name in ORDER
        },
        "ledger": ledger,
        "pilot": pilot,
        "batches": batches,
        "other_batches": others,
        "deadline": run.manifest().get("deadline"),
        "report": str(run / "report.html") if (run / "report.html").exists() else None,
    }


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
            spec = arguments.spec_of(path)
        except UsageError:
            raise none from None
        return specs.task_of(spec), None, home_of(spec)
    return run.task, run, run.home


def _ledger(db: sqlite3.Connection, run: str) -> list[dict[str, Any]]:
    """What a run has sent, a row a spender; dollars are None where nobody knows what was paid."""
    rows = [dict(zip(_LEDGER_ROW, row, strict=True)) for row in db.execute(_LEDGER, (run,))]
    return [row | {key: known_usd(row[key], row["unpriced"]) for key in ("usd", "usd_estimated")} for row in rows]


class Reader:
    """The store opened for reading only: a running run is not disturbed, a missing store is empty.

    UsageError where the file is no whole store, or of a newer version.
    """

    def __init__(self, home: Path) -> None:
        self._path = stores.path_of(home)
        stores.not_emptied(home)
        identity.look(self._path)
        try:
            self._open(self._path)
        except sqlite3.DatabaseError as fault:
            raise identity.refusal(self._path, fault) from None

    def _open(self, path: Path) -> None:
        if not path.exists():
            self._db = sqlite3.connect(":memory:")
            self._db.executescript(";".join(MIGRATIONS))
            return
        self._db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
        identity.check(self._db, path)
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version < VERSION:  # an older distill may be at work on it: a copy is brought up, the file stays as it is
            copy = sqlite3.connect(":memory:")
            self._db.backup(copy)
            self._db.close()
            copy.executescript(";".join(MIGRATIONS[version:]))
            self._db = copy

    def __enter__(self) -> sqlite3.Connection:
        return self._db

    def __exit__(self, _kind: object, fault: BaseException | None, _trace: object) -> None:
        self._db.close()
        if isinstance(fault, sqlite3.DatabaseError):
            raise identity.refusal(self._path, fault) from None


def status_lines(result: dict[str, Any]) -> list[str]:
    """The state for people."""
    others = [f"  of run {batch['run']}: {_batch_line(batch)}" for batch in result["other_batches"]]
    if result["run"] is None:
        pilot = _ledger_lines(result["pilot"], "pilot of ")
        return [f"{result['task']}: no run yet", *pilot, *others]
    said = [f"run {result['run']}" + (f", held by process {result['held_by']}" if result["held_by"] else "")]
    ahead = "under way" if result["held_by"] else "-"
    for name, entry in result["stages"].items():
        if entry is None:
            said.append(f"  {name:10}{ahead}")
            ahead = "-"
            continue
        shown = ", ".join(f"{k} {v}" for k, v in entry.items() if k != "started")
        said.append(f"  {name:10}{shown}")
    said += [*_ledger_lines(result["ledger"]), *_ledger_lines(result["pilot"], "pilot of ")]
    for batch in result["batches"]:
        said.append("  " + _batch_line(batch))
    said += others
    if result["deadline"]:
        said.append(f"  deadline {result['deadline']}")
    return [*said, f"report: {result['report']}"] if result["report"] else said


def _ledger_lines(ledger: Sequence[dict[str, Any]], of: str = "") -> list[str]:
    said = []
    for row in ledger:
        estimated = f" (${row['usd_estimated']:.4f} of it estimated)" if row["usd_estimated"] else ""
        said.append(
            f"  {of + row['spender']:14} {row['answered']:,} answered in {row['sends']:,} sends, {row['open']:,} open, "
            f"{shown(row['usd'], row['unpriced'])}{estimated}"
        )
    return said


def _batch_line(batch: dict[str, Any]) -> str:
    """`batch_1: collected, 270 of 300 rows answered, $0.0135, 22:10 → 23:41 (expired)`; one that is out says where."""
    times = " → ".join(_clock(batch[name]) for name in ("submitted", "ended") if batch[name])
    answered = (
        f"{batch['answered']:,} of {batch['rows']:,} rows answered" if batch["ended"] else f"{batch['rows']:,} rows"
    )
    usd = shown(batch["usd"])
    usd = usd if batch["ended"] or batch["usd"] is None else f"at most {usd}"
    why = f" ({batch['error']})" if batch["error"] else ""
    out = batch["state"] not in ("collected", "abandoned")
    at = f" at {batch['endpoint']}" if out else ""
    return f"{batch['batch']}: {batch['state']}{at}, {answered}, {usd}, {times}{why}"


def _clock(moment: str) -> str:
    """A moment of the book by this machine's clock, as `22:10`."""
    return datetime.fromisoformat(moment).astimezone().strftime("%H:%M")
