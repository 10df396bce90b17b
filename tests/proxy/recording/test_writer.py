"""Rows are written in their order, and what cannot be written is counted, said, and in nobody's way."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from proxied import request, rows
from upstreams import whole

from distill.proxy.recording import writer as writers
from distill.proxy.recording.answered_call import AnsweredCall, By
from distill.proxy.recording.writer import LogWriter


def call(number: int, by: By = "teacher") -> AnsweredCall:
    return AnsweredCall(1_793_534_400.0, 0.1, request(f"row {number}"), json.dumps(whole("a")).encode(), by=by)


def numbers(folder: Path, by: str = "teacher") -> list[str]:
    return [row["request"]["messages"][-1]["content"] for row in rows(folder, by)]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def writer(tmp_path: Path, said: list[str]) -> Iterator[LogWriter]:
    made = LogWriter(tmp_path / "logs", said.append)
    yield made
    made.close()


async def test_a_row_is_in_its_file_when_written_returns(writer: LogWriter) -> None:
    for number in range(20):
        await writer.written(call(number, "student" if number % 2 else "teacher"))
        assert len(rows(writer.folder)) + len(rows(writer.folder, "student")) == number + 1
    assert numbers(writer.folder) == [f"row {number}" for number in range(0, 20, 2)]
    assert writer.counts.written == {"teacher": 10, "student": 10}


async def test_many_at_once_are_all_there_in_their_order(writer: LogWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "_WAIT_S", 60)  # however busy the machine is
    await asyncio.gather(*(writer.written(call(number)) for number in range(500)))
    assert numbers(writer.folder) == [f"row {number}" for number in range(500)]
    assert writer.waiting == 0


async def test_a_folder_that_cannot_be_written_is_said_once_and_used_again_later(
    writer: LogWriter, said: list[str]
) -> None:
    writer.folder.parent.mkdir(exist_ok=True)
    writer.folder.write_text("a file stands in its way")
    await asyncio.gather(*(writer.written(call(number)) for number in range(3)))
    await writer.written(call(3))
    assert writer.counts.lost.total() == 4
    assert len(said) == 1
    assert "calls are answered all the same" in said[0]
    writer.folder.unlink()
    await writer.written(call(4))
    assert numbers(writer.folder) == ["row 4"]
    assert said[1] == "recording goes on; 4 calls are not in the log"
    assert writer.counts.fault == ""


def test_what_waits_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "MOST_ROWS", 0)
    made = LogWriter(tmp_path)
    assert not made.hand_over(call(1))
    assert made.counts.lost == {"too many rows wait for the disk": 1}
    monkeypatch.setattr(writers, "MOST_ROWS", 5)
    monkeypatch.setattr(writers, "MOST_BYTES", 10)
    assert not made.hand_over(call(1))
    made.close()


def test_close_writes_what_waits(tmp_path: Path) -> None:
    made = LogWriter(tmp_path)
    assert all(made.hand_over(call(number)) for number in range(300))
    made.close()
    assert len(rows(tmp_path)) == 300


async def test_an_answer_waits_for_a_slow_disk_a_moment_alone(
    writer: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A masking that takes long stands for the disk: the row comes later, and is counted as late."""
    monkeypatch.setattr(writers, "_WAIT_S", 0.05)
    monkeypatch.setattr(writers, "line_of", lambda _: time.sleep(0.3) or b'{"request": {}}\n')
    began = time.perf_counter()
    await writer.written(call(1))
    assert time.perf_counter() - began < 0.3
    assert writer.counts.late == 1
