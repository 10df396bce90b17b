"""What a task's own function said of each row, kept so that curating again does not ask it again.

One SQLite file, `.distill/checks.db`. A key is a hash of the function's file, its name and the row's content, so a changed
file asks anew. What came to no score is kept for this process alone: rounds of one run do not wait for the same
endless loop twice, and the next command tries again. The file holds nothing that cannot be computed again; one that is
damaged is begun anew.
"""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from distill.errors import UsageError
from distill.sandbox.process import CheckResult

_TABLES = """
CREATE TABLE IF NOT EXISTS verdicts (
  key BLOB PRIMARY KEY, score REAL, message TEXT NOT NULL, cause TEXT NOT NULL, process TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS held (layer TEXT PRIMARY KEY) STRICT;
"""
_FIND = "SELECT key, score, message, cause FROM verdicts WHERE key IN ({}) AND (score IS NOT NULL OR process = ?)"
_KEEP = "INSERT OR REPLACE INTO verdicts VALUES (?,?,?,?,?)"
_AT_ONCE = 500
_PROCESS = uuid.uuid4().hex


class CheckCache:
    """An open file of verdicts; `limits` are those that rows without a score met, e.g. "2 s, 512 MiB"."""

    def __init__(self, path: Path, *, limits: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._process = f"{_PROCESS} {limits}"
        try:
            self._db = _opened(path)
        except sqlite3.DatabaseError as fault:
            if isinstance(fault, sqlite3.OperationalError):  # no place or no right, which a new file has not either
                raise UsageError(f"{path}: {fault}; make room, or give the right to write there") from None
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                path.with_name(name).unlink(missing_ok=True)
            self._db = _opened(path)

    def __enter__(self) -> CheckCache:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._db.close()

    def find(self, keys: Sequence[bytes]) -> dict[bytes, CheckResult]:
        """Those of the keys that are known."""
        return dict(self._find(keys))

    def keep(self, results: Iterable[tuple[bytes, CheckResult]]) -> None:
        """Write results, in one transaction."""
        rows = [
            (key, result.score, result.message, result.cause, None if result.score is not None else self._process)
            for key, result in results
        ]
        with self._db:
            self._db.executemany(_KEEP, rows)

    @property
    def held(self) -> set[str]:
        """The layers that held the function when it last ran, see `sandbox.pool.judge`."""
        return {layer for (layer,) in self._db.execute("SELECT layer FROM held")}

    def note(self, held: Iterable[str]) -> None:
        with self._db:
            self._db.execute("DELETE FROM held")
            self._db.executemany("INSERT INTO held VALUES (?)", [(layer,) for layer in held])

    def _find(self, keys: Sequence[bytes]) -> Iterator[tuple[bytes, CheckResult]]:
        for start in range(0, len(keys), _AT_ONCE):
            chunk = keys[start : start + _AT_ONCE]
            for key, *rest in self._db.execute(_FIND.format(",".join("?" * len(chunk))), (*chunk, self._process)):
                yield key, CheckResult(*rest)


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=30)
    with contextlib.ExitStack() as undo:
        undo.callback(db.close)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.executescript(_TABLES)
        undo.pop_all()
    return db
