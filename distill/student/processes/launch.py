"""Several processes on this machine train one student: started, watched and ended together.

    distill train TASK --processes 4

Each is the same command with what torchrun would set beside it, so `group` finds the others. The first one is the run: its output and its
exit code are the command's, and a Ctrl-C or SIGTERM is its to answer. A process that dies ends the others, and one line says which and why.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from distill.errors import DistillError
from distill.student.processes.group import LAUNCHED

_LOOK_S = 0.1
_NOTICES_S = 10.0
"""Seconds in which the first process may notice by itself that another one is gone; then it is asked to end."""
_ENDS_S = 60.0
"""Seconds for a checkpoint, or for calls on their way; then it is killed."""
_KILLED = -signal.SIGKILL
_SHOWN = 300
"""Characters of what a process said last."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One of the processes; what it writes to stderr is kept, but of the first, which speaks for all."""

    rank: int
    process: subprocess.Popen[bytes]
    said: IO[bytes] | None

    def death(self, count: int) -> str:
        """Why it ended, in words."""
        code = self.process.returncode
        if code == _KILLED:
            why = "was killed by SIGKILL, as the kernel does where memory runs out"
        elif code < 0:
            why = f"was ended by {signal.Signals(-code).name}"
        else:
            why = f"ended with exit code {code}"
        said = self._last_words()
        return f"process {self.rank + 1} of {count} {why}{f' ({said})' if said else ''}, so the training ended"

    def _last_words(self) -> str:
        """The last line that it wrote."""
        if self.said is None:
            return ""
        self.said.seek(0)
        lines = self.said.read().decode("utf-8", "replace").split("\n")
        return next((line.strip()[:_SHOWN] for line in reversed(lines) if line.strip()), "")


def launch(command: Sequence[str], count: int, env: Mapping[str, str]) -> int:
    """Run a command as so many processes; the first one's exit code, or DistillError where it could not say itself what happened."""
    with tempfile.TemporaryDirectory(prefix="distill-processes-") as folder:
        told = Path(folder) / "died"
        told.touch()
        workers = _started(command, count, {**env, **_meeting(count, env), LAUNCHED: str(told)}, Path(folder))
        try:
            with _passed_on(workers[0].process):
                return _watched(workers, told)
        finally:
            _end(workers)


def _meeting(count: int, env: Mapping[str, str]) -> dict[str, str]:
    """Where the processes meet, and threads for each: all cores for every one of them would be too many."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    threads = str(max(1, (os.cpu_count() or 1) // count))
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    return {
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count),
        "OMP_NUM_THREADS": env.get("OMP_NUM_THREADS", threads),
        "TORCH_CPP_LOG_LEVEL": env.get("TORCH_CPP_LOG_LEVEL", "ERROR"),  # its warnings are not about the user's training
        "GLOO_SOCKET_IFNAME": env.get("GLOO_SOCKET_IFNAME", loopback),
    }  # fmt: skip


def _started(command: Sequence[str], count: int, env: Mapping[str, str], folder: Path) -> list[Worker]:
    workers: list[Worker] = []
    try:
        for rank in range(count):
            own = {**env, "RANK": str(rank), "LOCAL_RANK": str(rank)}
            said = (folder / f"stderr-{rank}").open("w+b") if rank else None
            out = subprocess.DEVNULL if rank else None
            workers.append(Worker(rank, subprocess.Popen(command, env=own, stdout=out, stderr=said), said))  # noqa: S603 - our own command
    except OSError:
        _end(workers)
        raise
    return workers


def _watched(workers: Sequence[Worker], told: Path) -> int:
    """Until the first one has ended."""
    first, followers = workers[0], workers[1:]
    while first.process.poll() is None:
        if dead := next((one for one in followers if one.process.poll()), None):
            why = dead.death(len(workers))
            told.write_text(why, encoding="utf-8")
            return _after(first, why)
        time.sleep(_LOOK_S)
    if first.process.returncode < 0:
        raise DistillError(
            f"{_cause(first, followers).death(len(workers))}; the same command goes on from the last checkpoint"
        )
    return first.process.returncode


def _cause(first: Worker, followers: Sequence[Worker]) -> Worker:
    """Who ended a training whose first process was ended by a signal: gloo aborts it where another one is gone."""
    dead = [one for one in followers if one.process.poll()] if first.process.returncode == -signal.SIGABRT else []
    return dead[0] if dead else first


def _after(first: Worker, why: str) -> int:
    """The first one's end after another's: it says why itself, unless it waits for the dead one in a call that nothing interrupts."""
    for asked, patience in ((None, _NOTICES_S), (signal.SIGTERM, _ENDS_S), (signal.SIGKILL, _ENDS_S)):
        if asked is not None:
            first.process.send_signal(asked)
        try:
            code = first.process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
        if asked is None and code >= 0:
            return code
        break
    raise DistillError(f"{why}; the same command goes on from the last checkpoint")


def _end(workers: Sequence[Worker]) -> None:
    """No process is left: each may end by itself first, as the others do when the first one has."""
    for one in workers:
        try:
            one.process.wait(_NOTICES_S if workers[0].process.poll() == 0 else _LOOK_S)
        except subprocess.TimeoutExpired:
            one.process.kill()
            one.process.wait()
        if one.said is not None:
            one.said.close()


@contextmanager
def _passed_on(first: subprocess.Popen[bytes]) -> Iterator[None]:
    """Signals go to the first process; a Ctrl-C has reached it by the terminal already."""

    def passed(number: int, _: FrameType | None) -> None:
        if number != signal.SIGINT or not _at_terminal():
            first.send_signal(number)

    before = {number: signal.signal(number, passed) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _at_terminal() -> bool:
    """Whether this process and its children are what a terminal's Ctrl-C reaches."""
    try:
        terminal = os.open(os.ctermid(), os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
