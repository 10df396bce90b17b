"""What a check cannot do to the machine, by either layer: with the kernel's, and with Python's audit hook alone."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.sandbox.process import CheckResult

Ask = Callable[..., list[CheckResult]]

# None of them would do harm if a layer had a hole: signals are 0, and what is removed is the test's own.
DEEDS = {
    "a file in the task's folder": "open('new.txt', 'w')",
    "its own file": "open(__file__, 'a')",
    "a file in /tmp": "open(f'/tmp/distill-canary-{os.getpid()}', 'w')",
    "a temporary file": "tempfile.TemporaryFile()",
    "a file at home": "open(os.path.expanduser('~/distill-canary'), 'x')",
    "a file by pathlib": "pathlib.Path('new.txt').write_text('x')",
    "a file by its number": "os.open('new.txt', os.O_CREAT | os.O_WRONLY)",
    "an empty file": "pathlib.Path('new.txt').touch()",
    "deletion": "os.remove('kept.txt')",
    "deletion of a folder": "shutil.rmtree('.')",
    "truncation": "os.truncate('kept.txt', 0)",
    "renaming": "os.rename('kept.txt', 'new.txt')",
    "a link": "os.symlink('kept.txt', 'new.txt')",
    "a hard link": "os.link('kept.txt', 'new.txt')",
    "a folder": "os.mkdir('new.txt')",
    "rights": "os.chmod('kept.txt', 0)",
    "a time stamp": "os.utime('kept.txt', (0, 0))",
    "a lock": "fcntl.lockf(open('kept.txt'), fcntl.LOCK_SH)",
    "a database": "sqlite3.connect('new.txt').execute('create table t (a)')",
    "a subprocess": "subprocess.run(['/bin/sh', '-c', 'touch new.txt'])",
    "a shell": "os.system('touch new.txt') == 0 and int('reached')",
    "another program in its place": "os.execv('/bin/sh', ['sh', '-c', 'touch new.txt'])",
    "a fork": "os.fork()",
    "a fork bomb": "[os.fork() for _ in range(3)]",
    "a process pool": "multiprocessing.Process(target=print).start()",
    "the process above": "os.kill(os.getppid(), 0) or int('reached')",
    "every process": "os.kill(-1, 0) or int('reached')",
    "its own limits": "resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))",
    "a connection": "socket.create_connection(('127.0.0.1', 9))",
    "a name on the network": "socket.getaddrinfo('example.org', 80)",
    "a server": "socket.socket().bind(('127.0.0.1', 0))",
}


@pytest.mark.parametrize("kernel", [True, False], ids=["kernel", "hook alone"])
@pytest.mark.parametrize("name", DEEDS)
def test_a_deed_is_refused_and_leaves_nothing(ask: Ask, tmp_path: Path, name: str, kernel: bool) -> None:
    (tmp_path / "verify.py").write_text("mine")
    (tmp_path / "kept.txt").write_text("kept")
    before = (tmp_path / "kept.txt").stat()
    text = f"""\
    import fcntl, multiprocessing, os, pathlib, resource, shutil, socket, sqlite3, subprocess, tempfile
    def check(row):
        if row["answer"] == "bad":
            {DEEDS[name]}
            return True
        return pathlib.Path("kept.txt").read_text() == "kept"
    """
    verdicts = ask(text, ["ok", "bad", "ok"], kernel=kernel)
    assert [one.score for one in verdicts] == [1.0, None, 1.0]
    assert verdicts[1].cause.startswith("raised ")
    assert "invalid literal" not in verdicts[1].message  # what a deed that was not refused would come to
    assert "Traceback" not in verdicts[1].detail
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.txt", "verify.py"]
    after = (tmp_path / "kept.txt").stat()
    assert (after.st_mode, after.st_mtime, after.st_size) == (before.st_mode, before.st_mtime, before.st_size)
    assert (tmp_path / "verify.py").read_text() == "mine"
    assert not list(Path("/tmp").glob("distill-canary-*"))  # noqa: S108 - where the check tried to write
    assert not Path("~/distill-canary").expanduser().exists()


def test_the_message_says_what_was_refused(ask: Ask) -> None:
    (verdict,) = ask("def check(row): open('x.txt', 'w')", ["a"])
    assert verdict.detail == "verify: raised PermissionError at line 1: no file may be written here: x.txt"


def test_c_functions_by_name_are_refused_where_no_filter_stands_behind(ask: Ask, tmp_path: Path) -> None:
    text = "import ctypes\ndef check(row): ctypes.CDLL(None).unlink(b'kept.txt'); return True"
    (tmp_path / "kept.txt").write_text("kept")
    (verdict,) = ask(text, ["a"], kernel=False)
    assert "PermissionError" in verdict.cause
    assert (tmp_path / "kept.txt").exists()


@pytest.mark.parametrize("kernel", [True, False], ids=["kernel", "hook alone"])
def test_what_a_check_needs_still_works(ask: Ask, kernel: bool) -> None:
    """Installed libraries, their threads and native code, files to read, an event loop, a database in memory."""
    text = """\
    import asyncio, decimal, json, pathlib, re, sqlite3, sys
    import jsonschema, numpy as np, yaml
    async def soon(): await asyncio.sleep(0.001); return await asyncio.to_thread(int, 1)  # wakes its loop by a socket
    def check(row):
        import threading, email, unicodedata
        found = []
        one = threading.Thread(target=lambda: found.append(float(np.linalg.inv(np.eye(3) * 2)[0][0])))
        one.start(); one.join()
        db = sqlite3.connect(":memory:"); db.execute("create table t (a)"); db.execute("insert into t values (1)")
        assert pathlib.Path(json.__file__).read_text().startswith('r')
        assert asyncio.run(soon()) == 1
        return found[0]
    """
    verdicts = ask(text, ["a"] * 3, kernel=kernel)
    assert [one.detail for one in verdicts if one.score != 0.5] == []


@pytest.mark.parametrize("kernel", [True, False], ids=["kernel", "hook alone"])
def test_a_database_is_read_as_one_that_nobody_changes(ask: Ask, tmp_path: Path, kernel: bool) -> None:
    """A lock on a file could make the process above wait or fail, so SQLite must read without one."""
    with contextlib.closing(sqlite3.connect(tmp_path / "prices.db")) as db:
        db.execute("create table prices as select 7 as price")
        db.commit()
    text = """\
    import sqlite3
    db = sqlite3.connect("file:prices.db?mode=ro&immutable=1", uri=True)
    def check(row): return db.execute("select price from prices").fetchall() == [(7,)]
    """
    assert ask(text, ["a"], kernel=kernel) == [CheckResult(1.0)]


@pytest.mark.parametrize(
    "way", ["open('queue')", "os.open(b'queue', os.O_RDONLY | os.O_NONBLOCK)", "open(pathlib.Path('queue'))"]
)
def test_what_waits_in_a_named_pipe_is_left_to_whom_it_is_for(ask: Ask, tmp_path: Path, way: str) -> None:
    """Reading takes it out: the program that it was written for would wait for it in vain."""
    os.mkfifo(tmp_path / "queue")
    pipe = os.open(tmp_path / "queue", os.O_RDWR | os.O_NONBLOCK)
    os.write(pipe, b"work")
    (verdict,) = ask(f"import os, pathlib\ndef check(row): {way}", ["a"])
    assert verdict.message == "no named pipe may be read here: what one program reads, another misses"
    assert os.read(pipe, 9) == b"work"
    os.close(pipe)
