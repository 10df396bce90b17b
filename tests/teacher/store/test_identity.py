"""A store says whose file it is, and what is not one is refused in one line before anything is done to it."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.records import Answer, Ended, Request
from distill.teacher.store.identity import APPLICATION
from distill.teacher.store.migrations import MIGRATIONS
from distill.teacher.store.store import Store, opened


def asked(n: int = 0) -> Request:
    return Request("here", {"model": "m", "messages": [{"role": "user", "content": f"row {n} " + "x" * 4000}]})


async def fill(path: Path, count: int = 20) -> None:
    with opened(path) as store:
        for n in range(count):
            attempt = await store.intend(asked(n), run="t/001", spender="teacher", reserved_usd=0.5)
            await store.settle(attempt, asked(n), Answer(asked(n).id, Ended.OK, "y" * 4000, "stop"))


def application(path: Path) -> int:
    with sqlite3.connect(path) as db:
        return int(db.execute("PRAGMA application_id").fetchone()[0])


def test_a_new_store_is_marked_and_one_from_before_is_marked_as_it_is_opened(tmp_path: Path) -> None:
    with opened(tmp_path / "new.db"):
        pass
    assert application(tmp_path / "new.db") == APPLICATION
    with sqlite3.connect(tmp_path / "old.db") as db:
        db.executescript(";".join(MIGRATIONS[:3]) + ";PRAGMA user_version=3;")
        assert db.execute("PRAGMA application_id").fetchone() == (0,)
    with opened(tmp_path / "old.db") as store:
        assert store.ledger("t/001") == []
    assert application(tmp_path / "old.db") == APPLICATION


def _other(path: Path, script: str) -> None:
    with sqlite3.connect(path) as db:
        db.executescript(script)


FOREIGN = {
    "another program's": "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO notes VALUES (1, 'dear diary');",
    "with a version": "CREATE TABLE moz_places (id INTEGER); PRAGMA user_version=3;",
    "with a version above ours": "CREATE TABLE moz_places (id INTEGER); PRAGMA user_version=77;",
    "with an application id": "PRAGMA application_id=252006674; CREATE TABLE tiles (id INTEGER);",
    "with an application id and nothing else": "PRAGMA application_id=252006674;",
    "with a table called as ours": "CREATE TABLE answers (id INTEGER, body TEXT); CREATE TABLE attempts (id INTEGER);",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_another_program_s_file_is_refused_and_not_a_byte_of_it_changes(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.db"
    _other(path, FOREIGN[name])
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(UsageError, match=r"of another program, no answer store.*move it away") as said, opened(path):
        pass
    assert "\n" not in str(said.value)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def _whole(path: Path) -> None:
    asyncio.run(fill(path))


def _garbage(path: Path) -> None:
    path.write_bytes(b"\x8f\x01garbage" * 4000)


def _head(path: Path) -> None:
    _whole(path)
    data = bytearray(path.read_bytes())
    data[:100] = b"\0" * 100
    path.write_bytes(data)


def _cut(path: Path) -> None:
    _whole(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _few_bytes(path: Path) -> None:
    _whole(path)
    path.write_bytes(path.read_bytes()[:50])


def _schema(path: Path) -> None:
    _whole(path)
    data = bytearray(path.read_bytes())
    data[100:1000] = b"\x05" * 900
    path.write_bytes(data)


def _only_log(path: Path) -> None:
    store = Store(path)
    work = store.intend(asked(), run="t/001", spender="teacher", reserved_usd=0.5)
    asyncio.run(work)
    shutil.copy(f"{path}-wal", f"{path}-saved")
    store.close()
    path.unlink()
    shutil.move(f"{path}-saved", f"{path}-wal")


def _empty_with_log(path: Path) -> None:
    _only_log(path)
    path.touch()


DAMAGED = {
    "garbage": (_garbage, "not an SQLite file"),
    "no head": (_head, "not an SQLite file"),
    "cut in half": (_cut, "is cut off: it has"),
    "a few bytes": (_few_bytes, "is (cut off|damaged)"),
    "its schema overwritten": (_schema, "is damaged"),
    "a log without its file": (_only_log, r"is gone, but its log a.db-wal is there"),
    "a log beside an empty file": (_empty_with_log, r"is empty, but its log a.db-wal is there"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_store_is_said_with_its_cause_and_left_as_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.db"
    spoil, cause = DAMAGED[name]
    spoil(path)
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir() if one.is_file()}
    with pytest.raises(UsageError, match=cause) as said, opened(path):
        pass
    assert "\n" not in str(said.value)
    assert "disk space" not in str(said.value)
    after = {
        one.name: one.read_bytes() for one in tmp_path.iterdir() if one.is_file() and not one.name.endswith("-shm")
    }
    assert after == before


def test_damage_that_is_met_later_is_said_as_such_too(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    _whole(path)
    data = bytearray(path.read_bytes())
    data[3 * 4096 :] = b"\x05" * (len(data) - 3 * 4096)
    path.write_bytes(data)

    def read() -> None:
        with opened(path) as store:
            for n in range(20):
                store.get(asked(n).id)

    with pytest.raises(UsageError, match=r"is damaged \(.*\); keep it.*restore it"):
        read()
