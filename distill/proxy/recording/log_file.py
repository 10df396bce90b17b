"""A log in files by day, `2026-11-30.jsonl`, to which whole lines are appended. One process holds its folder.

What `append` returned from is with the system: a process that is killed loses none of it. It reaches the disk about a second later, which
matters where the power fails. A line that a kill, or a full disk, cut in two is taken out again.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

_SYNC_S = 1.0
_CHUNK = 1 << 16


class DayLog:
    """Appends to the file of the day; for one thread. Every method may raise OSError, and may be called again after it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path: Path | None = None
        self._file = -1
        self._syncs = ThreadPoolExecutor(1, thread_name_prefix="distill-sync")
        self._sync: Future[None] | None = None
        self._synced = 0.0
        self._dirty = False

    def append(self, lines: bytes) -> None:
        """All of the lines, or none of them."""
        self._open()
        end = os.lseek(self._file, 0, os.SEEK_END)
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, end)
            self.close()  # the next line begins anew: the folder may be another by then
            raise
        self._dirty = True

    def sync(self) -> None:
        """Let what was appended reach the disk, where that is due; nobody waits for it. Raises what the last time brought."""
        if self._sync is not None:
            if not self._sync.done():
                return
            done, self._sync = self._sync, None
            done.result()
        if self._dirty and time.monotonic() - self._synced >= _SYNC_S:
            self._synced, self._dirty = time.monotonic(), False
            self._sync = self._syncs.submit(os.fsync, self._file)

    def close(self) -> None:
        """Let all reach the disk."""
        file, self._file, self.path = self._file, -1, None
        if file < 0:
            return
        try:
            if self._sync is not None:
                self._sync.result()
            os.fsync(file)
        finally:
            self._sync, self._dirty = None, False
            os.close(file)

    def _open(self) -> None:
        """The file of the day; a line without an end, of a process that was killed, goes."""
        path = self.folder / f"{datetime.now(UTC).date().isoformat()}.jsonl"
        if path == self.path:
            return
        self.close()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self.path = path
        os.ftruncate(self._file, whole(self._file))


def whole(file: int) -> int:
    """The length of a file up to the end of its last whole line."""
    end = os.lseek(file, 0, os.SEEK_END)
    while end:
        start = max(0, end - _CHUNK)
        cut = os.pread(file, end - start, start).rfind(b"\n")
        if cut >= 0:
            return start + cut + 1
        end = start
    return 0
