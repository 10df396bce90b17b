"""Fine-tuning jobs, what happened to them and the checkpoints that they left: rows, each change whole or not at all.

    validating_files → queued → running → succeeded | failed | cancelled        paused: from each of the first three, and back

A job that has ended never changes again: what comes late (a line of a process that was killed, a second cancel) finds it ended.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from distill.host.state.database import Database, Value
from distill.protocol import ids
from distill.protocol.job import ENDED
from distill.records import Json

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created_at REAL NOT NULL, status TEXT NOT NULL,
    model TEXT NOT NULL, base TEXT NOT NULL, parent TEXT NOT NULL, name TEXT NOT NULL, method TEXT NOT NULL, hyperparameters TEXT NOT NULL,
    training_file TEXT NOT NULL, validation_file TEXT, suffix TEXT, seed INTEGER NOT NULL, metadata TEXT, integrations TEXT NOT NULL,
    checked INTEGER NOT NULL DEFAULT 0, crashes INTEGER NOT NULL DEFAULT 0, bytes_read INTEGER NOT NULL DEFAULT 0,
    finished_at REAL, estimated_finish REAL, trained_tokens INTEGER, fine_tuned_model TEXT, result_files TEXT NOT NULL DEFAULT '[]', error TEXT
);
CREATE TABLE IF NOT EXISTS job_events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, job_id TEXT NOT NULL, created_at REAL NOT NULL,
    level TEXT NOT NULL, type TEXT NOT NULL, message TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS job_events_of_job ON job_events (job_id, number);
CREATE TABLE IF NOT EXISTS job_checkpoints (
    id TEXT PRIMARY KEY, job_id TEXT NOT NULL, step INTEGER NOT NULL, created_at REAL NOT NULL, model TEXT NOT NULL,
    metrics TEXT NOT NULL, UNIQUE (job_id, step)
);
"""
_JSON = ("hyperparameters", "metadata", "integrations", "result_files", "error")


@dataclass(frozen=True, slots=True)
class Job:
    """A row. `model` is what the client asked for, `base` what it means here, `parent` a tune's folder that it begins with (or empty),
    `name` what its model will be called; `checked` says that its files were found good; `bytes_read` how far its process's lines were read.
    """

    id: str
    created_at: float
    status: str
    model: str
    base: str
    name: str
    training_file: str
    hyperparameters: Mapping[str, Json]
    parent: str = ""
    method: str = "supervised"
    validation_file: str | None = None
    suffix: str | None = None
    seed: int = 0
    metadata: Mapping[str, str] | None = None
    integrations: Sequence[Mapping[str, Json]] = ()
    checked: bool = False
    crashes: int = 0
    bytes_read: int = 0
    finished_at: float | None = None
    estimated_finish: float | None = None
    trained_tokens: int | None = None
    fine_tuned_model: str | None = None
    result_files: Sequence[str] = ()
    error: Mapping[str, Json] | None = None

    @property
    def ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened."""

    id: str
    created_at: float
    level: str
    type: str
    message: str
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobCheckpoint:
    """The model after a step, by the name under which it can be asked."""

    id: str
    job_id: str
    step: int
    created_at: float
    model: str
    metrics: Mapping[str, Json]


def add(db: Database, job: Job) -> None:
    """Keep a new job."""
    names = list(Job.__slots__)
    marks = ", ".join("?" * len(names))
    sql = f"INSERT INTO jobs ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - names of ours
    db.write(sql, [_stored(name, getattr(job, name)) for name in names])


def get(db: Database, job_id: str) -> Job | None:
    """The job of this id, None where there is none."""
    row = db.row("SELECT * FROM jobs WHERE id = ?", (job_id,))
    return None if row is None else _job(row)


def every(db: Database, metadata: Mapping[str, str] | None = None) -> list[Job]:
    """All jobs, the newest first; those alone that have all these pairs where `metadata` is given."""
    found = [_job(row) for row in db.rows("SELECT * FROM jobs ORDER BY number DESC")]
    wanted = (metadata or {}).items()
    return [job for job in found if wanted <= (job.metadata or {}).items()]


def next_of(db: Database, *statuses: str) -> Job | None:
    """The oldest job in one of these states, in the order in which they are named."""
    for status in statuses:
        row = db.row("SELECT * FROM jobs WHERE status = ? ORDER BY number LIMIT 1", (status,))
        if row is not None:
            return _job(row)
    return None


def change(db: Database, job_id: str, **values: Json) -> bool:
    """Set columns of a job that has not ended; whether it had not."""
    names = ", ".join(f"{name} = ?" for name in values)
    ended = ", ".join("?" * len(ENDED))
    sql = f"UPDATE jobs SET {names} WHERE id = ? AND status NOT IN ({ended})"  # noqa: S608 - names of ours
    return bool(db.write(sql, [*(_stored(name, value) for name, value in values.items()), job_id, *ENDED]))


def move(db: Database, job_id: str, before: str, after: str) -> bool:
    """Change a job's status from one to another; whether it was the one."""
    return bool(db.write("UPDATE jobs SET status = ? WHERE id = ? AND status = ?", (after, job_id, before)))


def tell(
    db: Database, job_id: str, message: str, *, level: str = "info", data: Mapping[str, Json] | None = None, metrics: bool = False
) -> None:  # fmt: skip
    """Note an event."""
    kind, said = "metrics" if metrics else "message", json.dumps(dict(data or {}))
    values = (ids.new("ftevent-"), job_id, time.time(), level, kind, message, said)
    db.write(
        "INSERT INTO job_events (id, job_id, created_at, level, type, message, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
        values,
    )


def events(db: Database, job_id: str, *, after: str | None = None, limit: int) -> list[JobEvent] | None:
    """So many events, the newest first, from behind the one that is named; None where the job has no event of that name."""
    last = db.row("SELECT number FROM job_events WHERE id = ? AND job_id = ?", (after, job_id)) if after else None
    if after and last is None:
        return None
    below = last["number"] if last is not None else 2**62
    rows = db.rows(
        "SELECT * FROM job_events WHERE job_id = ? AND number < ? ORDER BY number DESC LIMIT ?", (job_id, below, limit)
    )
    return [
        JobEvent(row["id"], row["created_at"], row["level"], row["type"], row["message"], json.loads(row["data"]))
        for row in rows
    ]


def metrics(db: Database, job_id: str) -> dict[int, dict[str, Json]]:
    """Step → what was measured there; of a step that was trained again after a kill the last."""
    found: dict[int, dict[str, Json]] = {}
    for row in db.rows("SELECT data FROM job_events WHERE job_id = ? AND type = 'metrics' ORDER BY number", (job_id,)):
        data = json.loads(row["data"])
        found.setdefault(int(data["step"]), {}).update(data)
    return dict(sorted(found.items()))


def add_checkpoint(db: Database, job_id: str, step: int, model: str, measured: Mapping[str, Json]) -> None:
    """Note the model after a step; one that is known already stays."""
    values = (ids.new("ftckpt_"), job_id, step, time.time(), model, json.dumps(dict(measured)))
    db.write("INSERT INTO job_checkpoints VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", values)


def checkpoints(db: Database, job_id: str) -> list[JobCheckpoint]:
    """A job's checkpoints, the last step first."""
    rows = db.rows("SELECT * FROM job_checkpoints WHERE job_id = ? ORDER BY step DESC", (job_id,))
    return [
        JobCheckpoint(
            row["id"], row["job_id"], row["step"], row["created_at"], row["model"], json.loads(row["metrics"])
        )
        for row in rows
    ]


def drop_checkpoint(db: Database, checkpoint_id: str) -> None:
    """Forget a checkpoint."""
    db.write("DELETE FROM job_checkpoints WHERE id = ?", (checkpoint_id,))


def _stored(name: str, value: Json) -> Value:
    if name in _JSON and value is not None:
        return json.dumps(list(value) if isinstance(value, tuple) else value)
    stored: Value = int(value) if isinstance(value, bool) else value
    return stored


def _job(row: sqlite3.Row) -> Job:
    values = {name: row[name] for name in Job.__slots__}
    for name in _JSON:
        values[name] = json.loads(values[name]) if values[name] is not None else None
    return Job(**{**values, "checked": bool(values["checked"])})
