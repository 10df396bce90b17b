"""Batches: a row for each, and one for each request that was answered, so that a restart goes on with what is left.

validating ──► in_progress ──► finalizing ──► completed
    └► failed      ├──────────────► expired
                   └► cancelling ──► cancelled
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from distill.host.state.database import Database
from distill.protocol import ids
from distill.protocol.batch import ENDED
from distill.records import Json

SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, input_file_id TEXT NOT NULL, status TEXT NOT NULL, metadata TEXT, model TEXT,
    created_at REAL NOT NULL, times TEXT NOT NULL, output_lasts_s REAL, total INTEGER NOT NULL DEFAULT 0, errors TEXT,
    completed INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0, output_file_id TEXT, error_file_id TEXT
);
CREATE TABLE IF NOT EXISTS batch_rows (
    batch_id TEXT NOT NULL, number INTEGER NOT NULL, good INTEGER NOT NULL, line BLOB NOT NULL, PRIMARY KEY (batch_id, number)
);
"""
WINDOW_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch as it stands; `times` has the moments of its states by the names of the protocol."""

    id: str
    endpoint: str
    input_file_id: str
    status: str
    created_at: float
    times: Mapping[str, float]
    metadata: Mapping[str, str] | None = None
    model: str | None = None
    output_lasts_s: float | None = None
    total: int = 0
    completed: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    errors: Sequence[Mapping[str, Json]] = field(default=())
    output_file_id: str | None = None
    error_file_id: str | None = None

    @property
    def over(self) -> bool:
        """Whether its window has closed."""
        return time.time() >= self.times["expires_at"]


def create(
    db: Database, *, endpoint: str, input_file_id: str, metadata: Mapping[str, str] | None, output_lasts_s: float | None
) -> Batch:
    """A new one, yet to be validated."""
    name, now = ids.new("batch_", 32), time.time()
    sql = (
        "INSERT INTO batches (id, endpoint, input_file_id, status, metadata, created_at, times, output_lasts_s) "
        "VALUES (?, ?, ?, 'validating', ?, ?, ?, ?)"
    )
    told = None if metadata is None else json.dumps(dict(metadata))
    db.write(
        sql, (name, endpoint, input_file_id, told, now, json.dumps({"expires_at": now + WINDOW_S}), output_lasts_s)
    )
    return Batch(name, endpoint, input_file_id, "validating", now, {"expires_at": now + WINDOW_S}, metadata)


def get(db: Database, batch_id: str) -> Batch | None:
    """The batch of this id, None where there is none."""
    row = db.row("SELECT * FROM batches WHERE id = ?", (batch_id,))
    return None if row is None else _read(row)


def every(db: Database) -> list[Batch]:
    """All, newest first."""
    return [_read(row) for row in db.rows("SELECT * FROM batches ORDER BY created_at DESC, rowid DESC")]


def waiting(db: Database) -> list[Batch]:
    """Those with something left to do, oldest first."""
    ended = ", ".join(f"'{word}'" for word in sorted(ENDED))
    sql = f"SELECT * FROM batches WHERE status NOT IN ({ended}) ORDER BY created_at, rowid"  # noqa: S608 - words of ours
    return [_read(row) for row in db.rows(sql)]


def move(db: Database, batch_id: str, status: str, *, of: Sequence[str], **values: str | int | None) -> bool:
    """Bring a batch from one of the states `of` into another, with the moment; False where it is in none of them."""
    with db.transaction():
        found = get(db, batch_id)
        if found is None or found.status not in of:
            return False
        times = json.dumps({**found.times, f"{status}_at": time.time()})
        names = ("status", "times", *values)
        sql = f"UPDATE batches SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?"  # noqa: S608 - names of ours
        db.write(sql, (status, times, *values.values(), batch_id))
    return True


def keep(db: Database, batch_id: str, number: int, line: bytes, *, good: bool, tokens: tuple[int, int]) -> None:
    """A request's answer, for good; one that is kept already is not counted twice."""
    with db.transaction():
        kept = "INSERT INTO batch_rows VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        if not db.write(kept, (batch_id, number, int(good), line)):
            return
        counted = "completed" if good else "failed"
        sql = (
            f"UPDATE batches SET {counted} = {counted} + 1, input_tokens = input_tokens + ?, "  # noqa: S608 - one of two words
            "output_tokens = output_tokens + ? WHERE id = ?"
        )
        db.write(sql, (*tokens, batch_id))


def answered(db: Database, batch_id: str) -> set[int]:
    """The numbers of the requests whose answers are kept."""
    return {row["number"] for row in db.rows("SELECT number FROM batch_rows WHERE batch_id = ?", (batch_id,))}


def lines(db: Database, batch_id: str, *, good: bool) -> Iterator[bytes]:
    """Kept answers in the order of their requests, some hundred in memory at a time."""
    after = -1
    sql = "SELECT number, line FROM batch_rows WHERE batch_id = ? AND good = ? AND number > ? ORDER BY number LIMIT 200"
    while rows := db.rows(sql, (batch_id, int(good), after)):
        yield from (row["line"] for row in rows)
        after = rows[-1]["number"]


def forget_rows(db: Database, batch_id: str) -> None:
    """Let the kept answers go, once they stand in files."""
    db.write("DELETE FROM batch_rows WHERE batch_id = ?", (batch_id,))


def _read(row: sqlite3.Row) -> Batch:
    told = dict(row)
    for name, empty in (("times", {}), ("metadata", None), ("errors", ())):
        told[name] = json.loads(told[name]) if told[name] else empty
    return Batch(**told)
