"""Answered calls are written by a thread of their own, in the order in which they came. Nothing that goes wrong there reaches a call.

    writer = LogWriter(folder)
    await writer.written(call)          # the row is in the file, or is counted as lost; after a few seconds at most

What is handed over and not yet written is bounded in rows and bytes; beyond that a row is lost, and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from distill.proxy.recording.answered_call import AnsweredCall, By, NotRecorded
from distill.proxy.recording.log_file import DayLog
from distill.proxy.recording.row import line_of

MOST_ROWS, MOST_BYTES = 10_000, 256 << 20
_WAIT_S = 3.0
"""How long a caller may wait for a slow disk."""
_BATCH = 256
_STOP = None
FOLDERS: Mapping[By, str] = {"teacher": "calls", "student": "student"}
"""Whose answers lie where."""
Item = tuple[AnsweredCall, Callable[[], None]]


@dataclass(slots=True)
class RecordCounts:
    """rows handed over = written + left_out + lost + those that wait. `fault` is what the disk said last, empty where the last row was written."""

    written: Counter[By] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    """By a word of `answered_call.REASONS`."""
    lost: Counter[str] = field(default_factory=Counter)
    """By what went wrong: the queue was full, or what the system said."""
    late: int = 0
    """Rows for which the answer did not wait any longer."""
    fault: str = ""


class LogWriter:
    """Writes until it is closed: the teacher's answers into `calls/` of a folder, the student's into `student/`.

    `say` is told when rows begin to be lost, and when they are written again.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] = lambda _: None) -> None:
        self.folder, self.counts, self._say = folder, RecordCounts(), say
        self._logs: dict[By, DayLog] = {by: DayLog(folder / name) for by, name in FOLDERS.items()}
        self._items: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._rows = self._bytes = 0
        self._slow = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="distill-records", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        return self._rows

    async def written(self, call: AnsweredCall) -> None:
        """Return when the row is in the file, or is given up. A slow disk is waited for once, some seconds long, until it has taken something."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        if not self.hand_over(call, lambda: _tell(loop, done)):
            return
        if self._slow:
            self.counts.late += 1
            return
        try:
            async with asyncio.timeout(_WAIT_S):
                await done.wait()
        except TimeoutError:
            self._slow = True
            self.counts.late += 1

    def hand_over(self, call: AnsweredCall, then: Callable[[], None] = lambda: None) -> bool:
        """Whether there was room for it; `then` is called from the thread when it is written or lost."""
        size = len(call.request) + len(call.answer)
        with self._lock:
            if self._rows >= MOST_ROWS or self._bytes + size > MOST_BYTES:
                self.counts.lost["too many rows wait for the disk"] += 1
                return False
            self._rows, self._bytes = self._rows + 1, self._bytes + size
        self._items.put((call, then))
        return True

    def close(self) -> None:
        """Write what waits, and let it reach the disk."""
        self._items.put(_STOP)
        self._thread.join(timeout=30)

    def _work(self) -> None:
        stopped = False
        while not stopped:
            batch, stopped = self._batch()
            if batch:
                self._write(batch)
            for log in self._logs.values():
                self._guarded(log.sync)
        for log in self._logs.values():
            self._guarded(log.close)

    def _batch(self) -> tuple[list[Item], bool]:
        """(what waits, perhaps nothing after a moment; whether it is the last)."""
        batch = list[Item]()
        try:
            item = self._items.get(timeout=0.25)
            while item is not None:
                batch.append(item)
                if len(batch) == _BATCH:
                    return batch, False
                item = self._items.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True

    def _write(self, batch: list[Item]) -> None:
        for by, log in self._logs.items():
            lines = [line for line in (self._line(call) for call, _ in batch if call.by == by) if line]
            if lines and self._guarded(partial(log.append, b"".join(lines))):
                self.counts.written[by] += len(lines)
                self._recovered()
            elif lines:
                self.counts.lost[self.counts.fault] += len(lines)
        with self._lock:
            self._rows -= len(batch)
            self._bytes -= sum(len(call.request) + len(call.answer) for call, _ in batch)
        self._slow = False
        for _, then in batch:
            then()

    def _line(self, call: AnsweredCall) -> bytes:
        try:
            return line_of(call)
        except NotRecorded as none:
            self.counts.left_out[none.reason] += 1
        except Exception as fault:  # noqa: BLE001  # whatever a call holds, the rows after it are written
            self.counts.lost[f"internal error: {type(fault).__name__}"] += 1
        return b""

    def _guarded(self, work: Callable[[], None]) -> bool:
        """Whether it was done; the system's words are kept where not."""
        try:
            work()
        except OSError as fault:
            said = f"{fault.filename or self.folder}: {fault.strerror or fault}"
            if said != self.counts.fault:
                self._say(f"recording: {said}; calls are answered all the same")
            self.counts.fault = said
            return False
        return True

    def _recovered(self) -> None:
        if self.counts.fault:
            self._say(f"recording goes on; {self.counts.lost.total():,} calls are not in the log")
            self.counts.fault = ""


def _tell(loop: asyncio.AbstractEventLoop, done: asyncio.Event) -> None:
    """Wake who waits, where its loop still runs."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(done.set)
