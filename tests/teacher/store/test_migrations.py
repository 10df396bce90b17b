"""A store of an older version is brought up as it is opened; one of a newer version is left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.records import Request, Usage
from distill.teacher.store.migrations import MIGRATIONS, VERSION
from distill.teacher.store.store import opened

ASKED = Request("somewhere", {"messages": [{"role": "user", "content": "hi"}]})


def test_a_store_of_the_first_version_is_brought_up_with_its_answers(tmp_path: Path) -> None:
    """What was paid for under an older version is replayed, not bought again."""
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as db:
        db.executescript(MIGRATIONS[0] + "PRAGMA user_version=1;")
        values = (ASKED.id, "somewhere", 0, "{}", "kept", "stop", "", "", "m", 1, 2, 0, 1, 0.5, 0.1, "", "2026-01-01")
        db.execute(f"INSERT INTO answers VALUES {values}")  # noqa: S608 - our own values
    with opened(path) as store:
        found = store.get(ASKED.id)
    assert found is not None
    assert (found.text, found.usage, found.tool_calls, found.logprobs) == ("kept", Usage(1, 2), (), None)
    with opened(path) as store:
        assert store.held([ASKED.id]) == {ASKED.id}


def test_a_store_of_a_newer_version_is_refused_with_the_next_move(tmp_path: Path) -> None:
    """Nothing is changed in it: the newer distill goes on with it."""
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={VERSION + 1}")
    with pytest.raises(UsageError, match=f"version {VERSION + 1}.*upgrade"), opened(path):
        pass
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION + 1,)
        assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
