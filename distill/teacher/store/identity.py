"""Whether a file is an answer store: looked at before anything is created, changed or read in it.

A store says so in its header (`application_id`); one from before that said it is known by its tables and marked. What is
another program's, damaged, cut off, of a newer version or without its own log is refused in one line that says which.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from distill.errors import DistillError, UsageError
from distill.teacher.store.migrations import readable_version

APPLICATION = 0x44535431
"""`DST1`, in the header of every store."""
_OURS = {"request_id", "endpoint", "draw", "request", "text", "finish_reason"}
"""Columns of `answers` in every version."""
_MAGIC = b"SQLite format 3\0"


def look(path: Path) -> None:
    """What the file itself tells, before SQLite opens it; UsageError where it cannot be a whole store."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder, no answer store; {_MOVE}")
    log = path.with_name(f"{path.name}-wal")
    logged = log.exists() and log.stat().st_size > 0
    size = path.stat().st_size if path.exists() else 0
    if size == 0:
        if logged:  # SQLite would begin a new file and throw the log away
            raise UsageError(
                f"{path} is {'empty' if path.exists() else 'gone'}, but its log {log.name} is there and holds answers; put the "
                "file back next to it, or move the log away to begin a new store"
            )
        return
    with path.open("rb") as file:
        head = file.read(100)
    if not head.startswith(_MAGIC):
        raise UsageError(f"{path} is no answer store: it is not an SQLite file, or its beginning is damaged; {_MOVE}")
    pages, page = int.from_bytes(head[28:32]), int.from_bytes(head[16:18])
    whole = pages * (65536 if page == 1 else page)
    if len(head) < 100:
        raise UsageError(f"{path} is cut off: it has {size:,} bytes; {_RESTORE}")
    if head[24:28] == head[92:96] and size < whole and not logged:
        raise UsageError(f"{path} is cut off: it has {size:,} of {whole:,} bytes; {_RESTORE}")


_MOVE = "keep it, since it may hold paid answers: restore it from a copy, or move it away to begin a new store"
_RESTORE = (
    "keep it, since it may hold paid answers: restore it from a copy, or save what is left with `sqlite3 FILE .recover`"
)


def check(db: sqlite3.Connection, path: Path) -> bool:
    """Whether the file is marked as a store already; UsageError where it is another program's, or of a newer version."""
    said = int(db.execute("PRAGMA application_id").fetchone()[0])
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    if said != APPLICATION and (said or tables):
        columns = {row[1] for row in db.execute("PRAGMA table_info(answers)")}
        if said or not columns >= _OURS or "attempts" not in tables:
            shown = ", ".join(sorted(tables)[:3]) or "none"
            raise UsageError(
                f"{path} is an SQLite file of another program, no answer store (its tables: {shown}); nothing was changed in "
                "it, move it away and run again"
            )
    readable_version(db, path)
    return said == APPLICATION


class StoreFault(DistillError, OSError):
    """The disk does not give or take what it should: nothing more is sent."""


def refusal(path: Path, fault: sqlite3.Error) -> DistillError:
    """An error of SQLite with the right cause and the next move: the file's own, or that of the disk it is on."""
    said = str(fault)
    if "malformed" in said or "not a database" in said or "corrupt" in said:
        return UsageError(f"{path} is damaged ({said}); {_RESTORE}")
    if "full" in said or "disk I/O" in said:
        return StoreFault(
            f"{path}: the disk refuses ({said}); free some disk space and run again: it goes on from here"
        )
    if "readonly" in said or "unable to open" in said:
        return StoreFault(f"{path} cannot be opened or written ({said}); look at the permissions of it and its folder")
    if "locked" in said:
        return StoreFault(f"{path} is held by another process for too long ({said}); wait for it and run again")
    return StoreFault(f"{path}: SQLite fails on it ({said}); {_RESTORE}")
