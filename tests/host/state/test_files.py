"""Files: whole or not there, whatever happens at whatever moment."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forks import Fork

from distill.host.home import Home
from distill.host.run import SCHEMAS
from distill.host.state import cleaning, files
from distill.host.state.database import Database

POINTS = ("begun", "written", "fsynced", "renamed", "settled", "recorded", "row deleted")


def dying(folder: str, point: str) -> None:
    """Adds a file `kept`, then one whose way ends at the point; the last point is amid a delete."""
    db, home = Database(Home(Path(folder)).database, SCHEMAS), Home(Path(folder))
    kept = files.add(db, home, "kept", "batch", b"k" * 5000)
    passed = {"fsync": 0}

    def dies_after(work: Callable[..., Any], here: bool) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            found = work(*given, **named)
            if here:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return wrapped

    fsync = os.fsync

    def fsyncs(number: int) -> None:
        passed["fsync"] += 1
        if point == "written" and passed["fsync"] == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        fsync(number)
        if (point, passed["fsync"]) in (("fsynced", 1), ("settled", 2)):
            os.kill(os.getpid(), signal.SIGKILL)

    files.aside = dies_after(files.aside, False)  # type: ignore[assignment]  # it dies there
    files.os.fsync = fsyncs  # type: ignore[attr-defined]  # a module that it imports
    Path.replace = dies_after(Path.replace, point == "renamed")  # type: ignore[method-assign]  # it dies there
    if point == "begun":
        Path.open = dies_after(Path.open, True)  # type: ignore[method-assign, assignment]  # it dies there
    Database.write = dies_after(Database.write, point in ("recorded", "row deleted"))  # type: ignore[method-assign]  # it dies there
    if point == "row deleted":
        files.delete(db, home, kept.id)
    files.add(db, home, "new", "batch", b"n" * 5000)


@pytest.mark.parametrize("point", POINTS)
async def test_kill_at(point: str, tmp_path: Path) -> None:
    """No row without its bytes, nothing that was kept is lost, and what is left without a row goes at the next start."""
    assert await Fork(dying, str(tmp_path), point).wait() == -signal.SIGKILL
    home = Home(tmp_path)
    db = Database(home.database, SCHEMAS)
    names = {file.filename for file in files.every(db)}
    assert names == {"recorded": {"kept", "new"}, "row deleted": set()}.get(point, {"kept"})
    cleaning.sweep(db, home)
    for file in files.every(db):
        assert files.path(home, file.id).read_bytes() == file.filename[:1].encode() * 5000
    assert len(list(home.files.iterdir())) == len(names)
    db.close()


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While bytes are flushed, and while the row is written."""
    home = Home(tmp_path)
    db = Database(home.database, SCHEMAS)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "fsync", full)  # type: ignore[attr-defined]  # a module that it imports
        with pytest.raises(OSError, match="space"):
            files.add(db, home, "a", "batch", b"data")
    with monkeypatch.context() as patched:
        patched.setattr(Database, "write", full)
        with pytest.raises(OSError, match="space"):
            files.add(db, home, "a", "batch", b"data")
    assert files.every(db) == []
    assert list(home.files.iterdir()) == []
    assert files.add(db, home, "a", "batch", b"data").bytes == 4
    db.close()


def test_a_path_is_taken_over(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    db = Database(home.database, SCHEMAS)
    made = tmp_path / "made.csv"
    made.write_bytes(b"step,loss\n")
    file = files.add(db, home, "results.csv", "fine-tune-results", made)
    assert not made.exists()
    assert files.path(home, file.id).read_bytes() == b"step,loss\n"
    db.close()


def test_order_purpose_and_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    db = Database(home.database, SCHEMAS)
    made = [
        files.add(db, home, f"{n}", ("batch", "vision")[n % 2], b"x", lasts_s=3600 if n == 4 else None)
        for n in range(5)
    ]
    assert [file.filename for file in files.every(db)] == ["4", "3", "2", "1", "0"]
    assert [file.filename for file in files.every(db, purpose="vision", oldest_first=True)] == ["1", "3"]
    assert files.get(db, made[4].id) == made[4]
    later = time.time() + 3601
    monkeypatch.setattr(files.time, "time", lambda: later)  # type: ignore[attr-defined]  # a module that it imports
    assert files.get(db, made[4].id) is None
    assert [file.filename for file in files.every(db)] == ["3", "2", "1", "0"]
    assert files.expire(db, home) == [made[4].id]
    assert not files.path(home, made[4].id).exists()
    assert files.delete(db, home, made[0].id)
    assert not files.delete(db, home, made[0].id)
    assert len(list(home.files.iterdir())) == 3
    db.close()
