"""The host's SQLite file: one connection that writes and reads, WAL, synchronous=FULL. What is committed is on the disk.

Each module of state/ brings its own SCHEMA. Times are Unix seconds.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from distill.errors import UsageError

_VERSION = 1
Value = str | int | float | bytes | None


class Database:
    """One open file; safe to use from several threads. A call is a few rows and takes well under a millisecond or one fsync."""

    def __init__(self, path: Path, schemas: Sequence[str]) -> None:
        """Open or create; UsageError where it is no database, or of a newer version."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            found = self._db.execute("PRAGMA user_version").fetchone()[0]
            if found > _VERSION:
                raise UsageError(
                    f"{path} is of a newer distill (version {found}, this one reads {_VERSION}); update distill"
                )
            for schema in schemas:
                self._db.executescript(schema)
            self._db.execute(f"PRAGMA user_version={_VERSION}")
        except sqlite3.DatabaseError as fault:
            raise UsageError(
                f"{path} cannot be opened as the host's database ({fault}); move it away, or name another folder"
            ) from fault

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Value] = ()) -> sqlite3.Row | None:
        """The first row of a query, None where there is none."""
        with self._lock:
            found: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
            return found

    def write(self, sql: str, values: Sequence[Value] = ()) -> int:
        """One statement, committed; returns the rows that it changed."""
        with self.transaction():
            return self._db.execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes of the block, or none; blocks may be nested."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file; nothing is pending."""
        with self._lock:
            self._db.close()
