"""`distill chat` through a pipe and in a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import signal
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from ended import Distill


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


def test_a_line_in_is_an_object_out(finished_moods: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is wrong costs itself alone, and is seen in the exit code; bytes that are no text do no harm."""
    folder = finished_moods.parent / "runs" / "mood" / "001"
    row = pl.read_parquet(folder / "seeds.parquet").filter(role="test")["seed_id"][0]
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    data = (
        f'lovely bright lamp\n{{"message": "rude and late"}}\n\n/row {row}\n/row zz\n'.encode()
        + b"\xff cold\r\n/quit\nnever\n"
    )
    piped(monkeypatch, data)
    done = distill("chat", "mood", "--json", "--no-base", "--home", finished_moods.parent)
    found = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 2
    assert [one["answers"]["student"]["text"] for one in found[:2]] == ['{"mood": "glad"}', '{"mood": "cross"}']
    assert found[2]["row"] == row
    assert found[2]["known"]["mood"] in ("glad", "cross")
    assert "no test row is 'zz'" in found[3]["error"]["message"]
    assert found[4]["fields"] == {"message": "\ufffd cold"}
    assert len(found) == 5
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_people_read_words(finished_moods: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, b"lovely bright lamp\n")
    done = distill("chat", "mood", "--home", finished_moods.parent)
    assert done.code == 0
    assert done.out.startswith('student  {"mood": "glad"}   (0.0')
    assert done.err == "note: a linear model has no base\n"


def test_a_terminal_is_steered_by_no_row(
    finished_moods: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = finished_moods.parent / "runs" / "mood" / "001" / "seeds.parquet"
    seeds = pl.read_parquet(table)
    seeds.with_columns(fields=pl.lit(json.dumps({"message": "\x1b]0;owned\x07 lovely lamp"}))).write_parquet(table)
    piped(monkeypatch, f"/row {seeds.filter(role='test')['seed_id'][0]}\n/\x1b[2J\n".encode())
    done = distill("chat", "mood", "--no-base", "--home", finished_moods.parent)
    assert "message  \ufffd]0;owned\ufffd lovely lamp" in done.out
    assert "\x1b" not in done.out + done.err


def test_a_run_without_a_student_is_told(task: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch) -> None:
    assert distill("run", task).code == 0
    piped(monkeypatch, b"hello\n")
    done = distill("chat", "mood", "--home", task.parent)
    assert done.code == 2
    assert "mood/001 has no student to talk to" in done.err


@pytest.mark.slow
@pytest.mark.parametrize(("key", "code"), [(b"\x04", 0), (b"\x03", 130)])
def test_ctrl_c_and_ctrl_d_end_it_in_one_line(finished_moods: Path, key: bytes, code: int) -> None:
    """In a terminal of its own, where the keys are what they are; each slot is asked for by its name."""
    child, terminal = pty.fork()
    if child == 0:
        words = ["-m", "distill", "chat", "mood", "--home", str(finished_moods.parent)]
        os.execv(sys.executable, [sys.executable, *words])  # noqa: S606 - our own program, in the terminal of this test
    try:
        said = _until(terminal, b"message> ")
        said += _until(terminal, b"message> ", press=b"lovely bright lamp\n")
        _waits_for_keys(child)
        said += _until(terminal, None, press=key)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == code
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        os.close(terminal)
    assert b'student  {"mood": "glad"}' in said
    assert said.replace(b"\r", b"").rstrip(b"\n").split(b"\n")[-1] == b"ended; nothing of it was kept"
    assert b"Traceback" not in said


def _waits_for_keys(child: int) -> None:
    """A key that is pressed between the prompt and the wait for it is not heard by Python's readline."""
    stat = Path(f"/proc/{child}/stat")
    for _ in range(500 if stat.exists() else 0):
        if stat.read_text().rpartition(")")[2].split()[0] == "S":  # it sleeps, and nothing but a key wakes it
            return
        time.sleep(0.01)


def _until(terminal: int, mark: bytes | None, press: bytes = b"") -> bytes:
    """What comes until the mark, or until the other side has ended. A control key is pressed again where nothing comes of it: one that is
    pressed before a prompt waits for keys is not heard by Python's readline.
    """
    said, again = b"", 10.0 if len(press) == 1 else 60.0
    os.write(terminal, press)
    while mark is None or mark not in said:
        if not select.select([terminal], [], [], again)[0]:
            assert len(press) == 1, f"nothing came after {said!r}"
            os.write(terminal, press)
            continue
        try:
            part = os.read(terminal, 4096)
        except OSError:  # Linux says so where nobody is left at the other side
            break
        if not part:
            break
        said += part
    return said
