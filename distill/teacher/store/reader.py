"""The answer store opened for reading only: whoever works on it is not disturbed, and the file stays as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from distill.teacher.store import identity
from distill.teacher.store.migrations import MIGRATIONS, VERSION


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for `queries`; a missing store is empty. UsageError where the file is no whole store, or of a newer version."""
    identity.look(path)
    try:
        db = _connected(path)
    except sqlite3.DatabaseError as fault:
        raise identity.refusal(path, fault) from None
    try:
        yield db
    except sqlite3.DatabaseError as fault:
        raise identity.refusal(path, fault) from None
    finally:
        db.close()


def _connected(path: Path) -> sqlite3.Connection:
    if not path.exists():
        empty = sqlite3.connect(":memory:")
        empty.executescript(";".join(MIGRATIONS))
        return empty
    db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    identity.check(db, path)
    version = db.execute("PRAGMA user_version").fetchone()[0]
    return db if version == VERSION else _upgraded(db, version)


def _upgraded(db: sqlite3.Connection, version: int) -> sqlite3.Connection:
    """A copy in memory, brought up to this version: an older distill may be at work on the file."""
    copy = sqlite3.connect(":memory:")
    db.backup(copy)
    db.close()
    copy.executescript(";".join(MIGRATIONS[version:]))
    return copy
