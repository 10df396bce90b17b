"""The host's database: whole transactions, and files that are no database of ours are refused."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.host.state.database import Database

SCHEMA = "CREATE TABLE IF NOT EXISTS t (n INTEGER)"


def torn(db: Database) -> None:
    with db.transaction():
        db.write("INSERT INTO t VALUES (3)")
        db.write("INSERT INTO absent VALUES (3)")


def test_all_of_a_block_or_none(tmp_path: Path) -> None:
    db = Database(tmp_path / "host.db", [SCHEMA])
    with db.transaction():
        db.write("INSERT INTO t VALUES (1)")
        with db.transaction():
            db.write("INSERT INTO t VALUES (2)")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        torn(db)
    assert [row["n"] for row in db.rows("SELECT n FROM t")] == [1, 2]
    assert db.row("SELECT n FROM t WHERE n = 3") is None
    db.close()


def test_many_threads(tmp_path: Path) -> None:
    """No thread sees the half of another's transaction."""
    db, odd = Database(tmp_path / "host.db", [SCHEMA]), list[int]()

    def add() -> None:
        for _ in range(20):
            with db.transaction():
                db.write("INSERT INTO t VALUES (1)")
                db.write("INSERT INTO t VALUES (1)")
            odd.append(db.rows("SELECT count(*) AS n FROM t")[0]["n"] % 2)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert odd == [0] * 160
    db.close()


def test_what_is_no_database_of_ours(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_bytes(b"no database" * 1000)
    with pytest.raises(UsageError, match="move it away"):
        Database(tmp_path / "text.db", [SCHEMA])
    newer = sqlite3.connect(tmp_path / "newer.db")
    newer.execute("PRAGMA user_version=99")
    newer.close()
    with pytest.raises(UsageError, match="update distill"):
        Database(tmp_path / "newer.db", [SCHEMA])
