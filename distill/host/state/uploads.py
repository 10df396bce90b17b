"""Files that come in parts: an upload is open for an hour, takes parts in any order, and becomes a file in the order that is said.

Each part lies under its own id in the folder of files, with a row once its bytes are on the disk, as a file has one. The
parts of an upload that has ended, in whatever way, are deleted.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.host.home import Home
from distill.host.state import files
from distill.host.state.database import Database
from distill.host.state.files import HostedFile
from distill.protocol import ids

SCHEMA = """
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, filename TEXT NOT NULL, purpose TEXT NOT NULL, bytes INTEGER NOT NULL, created_at REAL NOT NULL,
    expires_at REAL NOT NULL, status TEXT NOT NULL, lasts_s REAL, file_id TEXT
);
CREATE TABLE IF NOT EXISTS upload_parts (
    id TEXT PRIMARY KEY, upload_id TEXT NOT NULL, bytes INTEGER NOT NULL, created_at REAL NOT NULL
);
"""
OPEN_S = 3600.0
_PIECE = 1 << 20


class BadParts(ValueError):
    """Parts that do not make the file that was announced; the message says why."""


@dataclass(frozen=True, slots=True)
class Upload:
    """`bytes` is what was announced; `status`: pending, completed, cancelled or expired."""

    id: str
    filename: str
    purpose: str
    bytes: int
    created_at: float
    expires_at: float
    status: str
    lasts_s: float | None
    file_id: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """A part whose bytes are there."""

    id: str
    upload_id: str
    bytes: int
    created_at: float


def create(db: Database, *, filename: str, purpose: str, size: int, lasts_s: float | None) -> Upload:
    """A new upload, open for parts."""
    now = time.time()
    made = Upload(ids.new("upload_"), filename, purpose, size, now, now + OPEN_S, "pending", lasts_s, None)
    sql = "INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)"
    db.write(sql, (made.id, filename, purpose, size, now, made.expires_at, made.status, lasts_s))
    return made


def get(db: Database, upload_id: str) -> Upload | None:
    """The upload of this id, None where there is none."""
    row = db.row("SELECT * FROM uploads WHERE id = ?", (upload_id,))
    return None if row is None else _read(row)


def parts_of(db: Database, upload_id: str) -> list[Part]:
    """The parts of an upload, as they came."""
    sql = "SELECT * FROM upload_parts WHERE upload_id = ? ORDER BY created_at, rowid"
    return [Part(row["id"], row["upload_id"], row["bytes"], row["created_at"]) for row in db.rows(sql, (upload_id,))]


def add_part(db: Database, home: Home, upload: Upload, data: bytes | Path) -> Part | None:
    """Keep a part; None where the upload has ended meanwhile."""
    part_id = ids.new("part_")
    size = files.keep(home, part_id, data)
    part = Part(part_id, upload.id, size, time.time())
    sql = "INSERT INTO upload_parts SELECT ?, id, ?, ? FROM uploads WHERE id = ? AND status = 'pending'"
    if db.write(sql, (part.id, size, part.created_at, upload.id)):
        return part
    files.path(home, part_id).unlink(missing_ok=True)
    return None


def complete(
    db: Database, home: Home, upload: Upload, part_ids: Sequence[str], md5: str | None = None
) -> HostedFile | None:
    """The file made of the parts in this order; BadParts where they do not fit, None where the upload has ended meanwhile."""
    held = {part.id: part for part in parts_of(db, upload.id)}
    _check(upload, held, part_ids)
    file_id = ids.new("file-")
    try:
        _join(home, file_id, part_ids, md5)
    except FileNotFoundError:  # its parts are gone, since somebody else completed or cancelled it
        return None
    made = None
    try:
        with db.transaction():  # a file without its upload's end, or the other way round, is never seen
            if _end(db, upload.id, "completed"):
                made = files.record(db, file_id, upload.filename, upload.purpose, upload.bytes, lasts_s=upload.lasts_s)
                db.write("UPDATE uploads SET file_id = ? WHERE id = ?", (file_id, upload.id))
    finally:
        if made is None:
            files.path(home, file_id).unlink(missing_ok=True)
    drop_parts(db, home, upload.id)
    return made


def cancel(db: Database, home: Home, upload_id: str) -> bool:
    """Whether it was open until now."""
    ended = _end(db, upload_id, "cancelled")
    if ended:
        drop_parts(db, home, upload_id)
    return ended


def expire(db: Database, home: Home) -> None:
    """End what was not completed in its hour."""
    sql = "SELECT id FROM uploads WHERE status = 'pending' AND expires_at <= ?"
    for row in db.rows(sql, (time.time(),)):
        if _end(db, row["id"], "expired"):
            drop_parts(db, home, row["id"])


def drop_parts(db: Database, home: Home, upload_id: str) -> None:
    """Delete the parts of an upload that has ended: the rows, then the bytes."""
    gone = parts_of(db, upload_id)
    db.write("DELETE FROM upload_parts WHERE upload_id = ?", (upload_id,))
    for part in gone:
        files.path(home, part.id).unlink(missing_ok=True)


def _end(db: Database, upload_id: str, status: str) -> bool:
    return bool(db.write("UPDATE uploads SET status = ? WHERE id = ? AND status = 'pending'", (status, upload_id)))


def _check(upload: Upload, held: dict[str, Part], part_ids: Sequence[str]) -> None:
    for part_id in part_ids:
        if part_id not in held:
            raise BadParts(f"No such part of {upload.id}: {part_id!r}")
    if len(set(part_ids)) != len(part_ids):
        raise BadParts("a part is named twice")
    total = sum(held[part_id].bytes for part_id in part_ids)
    if total != upload.bytes:
        raise BadParts(f"the parts have {total} bytes; {upload.bytes} were announced when the upload was created")


def _join(home: Home, file_id: str, part_ids: Sequence[str], md5: str | None) -> None:
    """Keep the parts, one after another, as one file; BadParts where its md5 is another one."""
    place, digest = files.aside(home), hashlib.md5(usedforsecurity=False)
    try:
        with place.open("xb") as file:
            for part_id in part_ids:
                for piece in _pieces(files.path(home, part_id)):
                    digest.update(piece)
                    file.write(piece)
        if md5 is not None and md5.lower() != digest.hexdigest():
            raise BadParts(f"md5 of the parts is {digest.hexdigest()}, not {md5!r}")
        files.keep(home, file_id, place)
    finally:
        place.unlink(missing_ok=True)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _read(row: sqlite3.Row) -> Upload:
    return Upload(
        row["id"], row["filename"], row["purpose"], row["bytes"], row["created_at"], row["expires_at"], row["status"],
        row["lasts_s"], row["file_id"],
    )  # fmt: skip
