"""What can be asked beside the bases: tunes and their checkpoints, by the names that clients say."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from distill.host.state.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS models (
    name TEXT PRIMARY KEY, base TEXT NOT NULL, job_id TEXT NOT NULL, folder TEXT NOT NULL, created_at REAL NOT NULL, deleted_at REAL
);
"""


@dataclass(frozen=True, slots=True)
class TunedModel:
    """A tune, or a checkpoint of one: a peft adapter in `folder` on the base that the host knows by the name `base`."""

    name: str
    base: str
    job_id: str
    folder: Path
    created_at: float


def add(db: Database, name: str, *, base: str, job_id: str, folder: Path) -> None:
    """Make a tune known; what is known already stays as it is."""
    sql = "INSERT INTO models VALUES (?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING"
    db.write(sql, (name, base, job_id, str(folder), time.time()))


def get(db: Database, name: str) -> TunedModel | None:
    """The tune of this name, None where there is none or it was deleted."""
    row = db.row("SELECT * FROM models WHERE name = ? AND deleted_at IS NULL", (name,))
    return None if row is None else _read(row)


def every(db: Database) -> list[TunedModel]:
    """All that can be asked, oldest first."""
    return [_read(row) for row in db.rows("SELECT * FROM models WHERE deleted_at IS NULL ORDER BY created_at, name")]


def delete(db: Database, name: str) -> bool:
    """Whether there was one to delete; its folder is left to the clean-up."""
    return bool(db.write("UPDATE models SET deleted_at = ? WHERE name = ? AND deleted_at IS NULL", (time.time(), name)))


def _read(row: sqlite3.Row) -> TunedModel:
    return TunedModel(row["name"], row["base"], row["job_id"], Path(row["folder"]), row["created_at"])
