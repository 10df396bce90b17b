"""The newest calls that a monitor has read, kept until somebody says whether they were right: `monitor/<task>/calls.db` (SQLite).

Kept is what joins feedback to a call and makes a seed of it: hashes of the call's ids, its day, its answer, the task's fields, masked as a
harvest masks them. Of a call that is private only the ids, the day and a hash of the answer are kept. The oldest go first; what was said of
them stays in the figures of their day. A look changes all of it at once, or nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from distill.errors import UsageError
from distill.records import Json

_VERSION = 1
_TABLES = (
    "CREATE TABLE calls (seq INTEGER PRIMARY KEY, run TEXT NOT NULL, day TEXT NOT NULL, same BLOB NOT NULL, digest BLOB NOT NULL, "
    "verdict INTEGER, corrected INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL DEFAULT 0, kept BLOB)",
    "CREATE TABLE ids (id BLOB, trace INTEGER, seq INTEGER, PRIMARY KEY (id, trace, seq)) WITHOUT ROWID",
    "CREATE INDEX ids_of ON ids (seq)",
    "CREATE TABLE gone (run TEXT, day TEXT, verdicts INTEGER NOT NULL, good INTEGER NOT NULL, PRIMARY KEY (run, day)) WITHOUT ROWID",
    "CREATE TABLE look (number INTEGER NOT NULL, state TEXT NOT NULL)",
)
"""`gone` counts the verdicts on calls that are kept no more; `look` has the state that the last look has come to."""
_STAGED = "CREATE TEMP TABLE given (seq INTEGER PRIMARY KEY, id BLOB, at INTEGER, verdict INTEGER, corrected BLOB, place TEXT)"


class Word(NamedTuple):
    """How much counts what was said of a call: a corrected answer before a thumb, and of two the later."""

    corrected: bool
    at: int


class NewCall(NamedTuple):
    """A call as it is kept; `same` is a hash of what was asked and answered, `digest` one of the answer, `kept` what a seed can be made of, None
    where nothing of its text may be."""

    ids: tuple[str, ...]
    trace: str | None
    day: str
    same: bytes
    digest: bytes
    right: bool | None
    kept: dict[str, Json] | None


class KeptCall(NamedTuple):
    """A call that feedback names; `right` is what was said of it so far, and `word` how much that counts."""

    seq: int
    run: str
    day: str
    digest: bytes
    right: bool | None
    word: Word
    kept: dict[str, Json] | None


class WaitingFeedback(NamedTuple):
    """A row of feedback as it waits to be joined."""

    id: bytes
    at: int
    right: bool | None
    corrected: Json
    place: str


class KeptCalls:
    """Of one task, as one look changes them."""

    def __init__(self, store: sqlite3.Connection) -> None:
        self._store = store

    def add(self, run: str, calls: Iterator[NewCall]) -> None:
        """Keep calls of a run. One that is there already is kept once."""
        for one in calls:
            ids = [_key(name) for name in one.ids]
            if (there := self._is_there(ids, one.same)) is not None:
                self._store.execute(
                    "UPDATE calls SET verdict=coalesce(verdict, ?) WHERE seq=?", (_flag(one.right), there)
                )
                continue
            kept = None if one.kept is None else orjson.dumps(one.kept)
            row = (run, one.day, one.same, one.digest, _flag(one.right), kept)
            seq = self._store.execute(
                "INSERT INTO calls (run, day, same, digest, verdict, kept) VALUES (?,?,?,?,?,?)", row
            ).lastrowid
            named = [(name, 0, seq) for name in dict.fromkeys(ids)] + ([(_key(one.trace), 1, seq)] if one.trace else [])
            self._store.executemany("INSERT OR IGNORE INTO ids VALUES (?,?,?)", named)

    def judged_unkept(self, run: str, day: str, right: Sequence[bool]) -> None:
        """Count verdicts on calls of a day that are not kept."""
        self._store.execute(
            "INSERT INTO gone VALUES (?1,?2,?3,?4) ON CONFLICT DO UPDATE SET verdicts=verdicts+?3, good=good+?4",
            (run, day, len(right), sum(right)),
        )

    def evict(self, most: int) -> None:
        """Let the oldest go, so that `most` are left."""
        left = self._store.execute("SELECT seq FROM calls ORDER BY seq DESC LIMIT 1 OFFSET ?", (most,)).fetchone()
        if left is None:
            return
        self._store.execute(
            "INSERT INTO gone SELECT run, day, count(verdict), sum(verdict) FROM calls WHERE seq<=? AND verdict IS NOT NULL GROUP BY run, day "
            "ON CONFLICT DO UPDATE SET verdicts=verdicts+excluded.verdicts, good=good+excluded.good",
            left,
        )
        self._store.execute("DELETE FROM ids WHERE seq<=?", left)
        self._store.execute("DELETE FROM calls WHERE seq<=?", left)

    def stage(self, of: str, at: int, right: bool | None, corrected: Json, place: str) -> None:
        """Take a row of feedback, to be joined when all are there."""
        said = None if corrected is None else orjson.dumps(corrected)
        row = (_key(of), at, _flag(right), said, place)
        self._store.execute("INSERT INTO given (id, at, verdict, corrected, place) VALUES (?,?,?,?,?)", row)

    def staged(self) -> Iterator[WaitingFeedback]:
        """The rows of feedback by id, the last word of each last."""
        rows = self._store.execute("SELECT id, at, verdict, corrected, place FROM given ORDER BY id, at, seq")
        for of, at, verdict, corrected, place in rows:
            yield WaitingFeedback(of, at, _bool(verdict), None if corrected is None else orjson.loads(corrected), place)

    def named(self, of: bytes) -> list[KeptCall]:
        """The calls of an id, two at most; those of a trace where no call has the id itself."""
        rows = self._store.execute(
            "SELECT trace, seq, run, day, digest, verdict, corrected, at, kept FROM ids JOIN calls USING (seq) WHERE id=? ORDER BY trace, seq LIMIT 2",
            (of,),
        ).fetchall()
        first = [row for row in rows if row[0] == rows[0][0]]
        return [_call(*row[1:]) for row in first]

    def judge(self, call: KeptCall, right: bool, word: Word) -> None:
        """Keep what counts most of what was said of a call."""
        self._store.execute("UPDATE calls SET verdict=?, corrected=?, at=? WHERE seq=?", (int(right), *word, call.seq))

    def days(self, run: str) -> list[tuple[str, int, int]]:
        """(day, right ones, judged ones) of a run's calls."""
        rows = self._store.execute(
            "SELECT day, sum(good), sum(verdicts) FROM (SELECT day, verdicts, good FROM gone WHERE run=?1 UNION ALL "
            "SELECT day, 1, verdict FROM calls WHERE run=?1 AND verdict IS NOT NULL) GROUP BY day ORDER BY day",
            (run,),
        )
        return [(day, good, verdicts) for day, good, verdicts in rows if verdicts]

    def count(self) -> int:
        """The calls that are kept."""
        return int(self._store.execute("SELECT count(*) FROM calls").fetchone()[0])

    def last_look(self) -> tuple[int, str] | None:
        """(number, state) of the look that changed this last."""
        row = self._store.execute("SELECT number, state FROM look").fetchone()
        return None if row is None else (int(row[0]), str(row[1]))

    def end_look(self, number: int, state: str) -> None:
        """Keep the state of a look with what it has changed here, so that both are there or neither."""
        self._store.execute("DELETE FROM look")
        self._store.execute("INSERT INTO look VALUES (?,?)", (number, state))

    def clear(self) -> None:
        """Forget everything: the logs are read from their beginning again."""
        for table in ("calls", "ids", "gone", "look"):
            self._store.execute(f"DELETE FROM {table}")  # noqa: S608 - one of four names

    def has(self, ids: Sequence[str], same: bytes) -> bool:
        """Whether this call is kept: its id, what was asked and what was answered."""
        return self._is_there([_key(name) for name in ids], same) is not None

    def _is_there(self, ids: Sequence[bytes], same: bytes) -> int | None:
        found = "SELECT seq FROM ids JOIN calls USING (seq) WHERE id=? AND trace=0 AND same=? LIMIT 1"
        row = self._store.execute(found, (ids[0], same)).fetchone() if ids else None
        return None if row is None else int(row[0])


@contextmanager
def kept_calls(path: Path) -> Iterator[KeptCalls]:
    """The calls of the file, which is made where there is none; nothing of it changes unless the block ends well."""
    store = sqlite3.connect(path, isolation_level=None)
    try:
        _begin(store, path)
        yield KeptCalls(store)
        store.execute("COMMIT")
    finally:
        store.close()  # what is not committed is rolled back


def _begin(store: sqlite3.Connection, path: Path) -> None:
    """Begin a change of the file; UsageError where it is none of ours."""
    try:
        store.execute("BEGIN IMMEDIATE")
        version = store.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise UsageError(
                f"{path} is of a later version of distill ({version}); use that one, or move the file away"
            )
        for table in [*([] if version else _TABLES), _STAGED]:
            store.execute(table)
        store.execute(f"PRAGMA user_version={_VERSION}")
    except sqlite3.DatabaseError as fault:
        raise UsageError(
            f"{path} cannot be read ({fault}); move this one file away: feedback on calls that were read before then finds none of them"
        ) from None


def _key(name: str) -> bytes:
    return blake2b(name.encode("utf-8", "replace"), digest_size=12).digest()


def _call(
    seq: int, run: str, day: str, digest: bytes, verdict: int | None, corrected: int, at: int, kept: Any
) -> KeptCall:
    word = Word(bool(corrected), at)
    return KeptCall(seq, run, day, digest, _bool(verdict), word, None if kept is None else orjson.loads(kept))


def _flag(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _bool(value: int | None) -> bool | None:
    return None if value is None else bool(value)
