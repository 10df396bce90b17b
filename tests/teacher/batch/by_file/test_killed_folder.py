"""kill -9 at every step of a request file's way: no row lost, none answered twice, no file that nobody knows."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from answered_folder import asked, lines
from killed_folder_session import POINTS, ROWS

SCRIPT = Path(__file__).parents[3] / "support" / "killed_folder_session.py"


class Sessions:
    """The process that runs sessions, each in a fork of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def run(self, home: Path, point: str = "never", left: int = 1) -> int:
        """The exit status of one session."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([str(home / "folder"), str(home / "s" / "answers.db"), point, left]) + "\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        assert status in (0, -9), "a session failed; its traceback is on stderr"
        return status


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, str(SCRIPT)], stdin=pipe, stdout=pipe, text=True) as process:
        yield Sessions(process)
        process.kill()


def work(home: Path, worked: Counter[str], seen: set[str]) -> None:
    """Answer each request file once, whenever it first lies there, as a cluster's queue does."""
    for name, requests in asked(home / "folder").items():
        if name not in seen:
            seen.add(name)
            worked.update(request["custom_id"] for request in requests)
            (home / "folder" / "results" / f"{name}.jsonl").write_bytes(lines(requests))


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_loses_no_row_and_has_none_answered_twice(sessions: Sessions, tmp_path: Path, point: str) -> None:
    """At the second passing, then once more at the first, with somebody at work on the folder between all sessions."""
    worked, seen, kills = Counter[str](), set[str](), 0
    for given in [(point, 2), (point, 1), *[("never", 1)] * 4]:
        kills += sessions.run(tmp_path, *given) == -9
        work(tmp_path, worked, seen)
    assert kills, "the point was never passed"
    assert set(worked.values()) == {1}, "a row was written into two files"
    with sqlite3.connect(tmp_path / "s" / "answers.db") as db:
        assert db.execute("SELECT count(*) FROM answers").fetchone() == (ROWS,)
        assert db.execute("SELECT count(*) FROM attempts WHERE settled IS NULL").fetchone() == (0,)
        assert {state for (state,) in db.execute("SELECT state FROM batches")} <= {"collected", "abandoned"}
    folder = tmp_path / "folder"
    assert not list((folder / "requests").glob("*.jsonl"))
    assert not list((folder / "results").iterdir())
    assert len(list((folder / "done").iterdir())) == len(seen)
