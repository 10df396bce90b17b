"""Files, uploaded or made here: the bytes in a folder by their id, and a row for each whose bytes are there, whole.

Bytes are written aside, fsynced, renamed and the folder fsynced before the row is committed; a row goes before its bytes.
So a crash at any point leaves bytes without a row at most, and `sweep` takes those away. A file's name is a column, never a path.
"""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from distill.host.home import Home
from distill.host.state.database import Database
from distill.protocol import ids

SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    id TEXT PRIMARY KEY, filename TEXT NOT NULL, purpose TEXT NOT NULL, bytes INTEGER NOT NULL,
    created_at REAL NOT NULL, expires_at REAL
);
"""
ASIDE = ".incoming-"
"""How names begin of what is still being written."""


@dataclass(frozen=True, slots=True)
class HostedFile:
    """A file that is there; `filename` is what the client called it."""

    id: str
    filename: str
    purpose: str
    bytes: int
    created_at: float
    expires_at: float | None = None


def path(home: Home, file_id: str) -> Path:
    """Where the bytes of a file lie. Only for ids that came out of the database."""
    return home.files / file_id


def aside(home: Home) -> Path:
    """A fresh name in the files' folder for bytes on their way in."""
    home.files.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home.files / ids.new(ASIDE)


def add(
    db: Database, home: Home, name: str, purpose: str, data: bytes | Path, *, lasts_s: float | None = None
) -> HostedFile:
    """Make a file of bytes, or of a path that is taken over (moved; it has to lie on the home's disk). Safe in any thread."""
    file_id = ids.new("file-")
    size = keep(home, file_id, data)
    try:
        return record(db, file_id, name, purpose, size, lasts_s=lasts_s)
    except BaseException:
        path(home, file_id).unlink(missing_ok=True)
        raise


def record(
    db: Database, file_id: str, name: str, purpose: str, size: int, *, lasts_s: float | None = None
) -> HostedFile:
    """The row of a file whose bytes are kept under this id already."""
    now = time.time()
    made = HostedFile(file_id, name, purpose, size, now, None if lasts_s is None else now + lasts_s)
    values = (made.id, made.filename, made.purpose, made.bytes, made.created_at, made.expires_at)
    db.write("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)", values)
    return made


def keep(home: Home, kept_id: str, data: bytes | Path) -> int:
    """Bytes under an id, on the disk for good, without a row yet; returns how many. Nothing is left where it fails."""
    place = data if isinstance(data, Path) else aside(home)
    home.files.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with place.open("rb" if isinstance(data, Path) else "xb") as file:
            if not isinstance(data, Path):
                file.write(data)
                file.flush()
            os.fsync(file.fileno())
            size = os.fstat(file.fileno()).st_size
        place.replace(path(home, kept_id))
    except BaseException:
        place.unlink(missing_ok=True)
        raise
    _settle(home.files)
    return size


def get(db: Database, file_id: str) -> HostedFile | None:
    """The file of this id; None where there is none, it was deleted, or its time is over."""
    row = db.row("SELECT * FROM files WHERE id = ? AND (expires_at IS NULL OR expires_at > ?)", (file_id, time.time()))
    return None if row is None else _read(row)


def every(db: Database, *, purpose: str | None = None, oldest_first: bool = False) -> list[HostedFile]:
    """All files that are there, the newest first unless said otherwise."""
    where = "(expires_at IS NULL OR expires_at > ?) AND (? IS NULL OR purpose = ?)"
    order = "ASC" if oldest_first else "DESC"
    sql = f"SELECT * FROM files WHERE {where} ORDER BY created_at {order}, rowid {order}"  # noqa: S608  # both words are ours
    return [_read(row) for row in db.rows(sql, (time.time(), purpose, purpose))]


def delete(db: Database, home: Home, file_id: str) -> bool:
    """Whether there was one to delete."""
    if not db.write("DELETE FROM files WHERE id = ?", (file_id,)):
        return False
    path(home, file_id).unlink(missing_ok=True)
    return True


def expire(db: Database, home: Home) -> list[str]:
    """Delete the files whose time is over."""
    over = [row["id"] for row in db.rows("SELECT id FROM files WHERE expires_at <= ?", (time.time(),))]
    return [file_id for file_id in over if delete(db, home, file_id)]


def _settle(folder: Path) -> None:
    """A rename in it is on the disk."""
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def _read(row: sqlite3.Row) -> HostedFile:
    return HostedFile(row["id"], row["filename"], row["purpose"], row["bytes"], row["created_at"], row["expires_at"])
