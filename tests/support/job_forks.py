"""Processes of jobs, forked from one that has imported what trains: a start of PyTorch costs ten times what a tiny job does.

This module is both: the fixture, and the process that forks, which does a line of its standard input after the other until that ends.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from distill import memory

if __name__ == "__main__":  # a test process that only asks needs none of it
    import datasets  # noqa: F401 # what a training imports
    import peft  # noqa: F401 # the same
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM  # noqa: F401 # the same
    from trl import DPOTrainer, SFTTrainer  # noqa: F401 # the same

    from distill.curate import preflight  # noqa: F401 # the same
    from distill.host.training import work


class ForkedJob:
    """A process of a job; has what the queue and the tests use of `subprocess.Popen`."""

    def __init__(self, forks: JobForks, pid: int, stdin: IO[bytes]) -> None:
        self._forks, self.pid = forks, pid
        self.stdin: IO[bytes] | None = stdin
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._forks.asked("ended", self.pid)
            if self.returncode is not None and self.stdin is not None:
                self.stdin.close()
        return self.returncode

    def wait(self, timeout: float) -> int:
        end = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("the job", timeout)
            time.sleep(0.02)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class JobForks:
    """The process that forks, asked one thing at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, __file__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)

    def start(self, folder: Path, phase: str) -> ForkedJob:
        """As `python -m distill.host.training.work FOLDER PHASE`."""
        self._count += 1
        stdin = self._folder / str(self._count)
        os.mkfifo(stdin)
        pid = self.asked("started", str(folder), phase, str(stdin))
        return ForkedJob(self, pid, stdin.open("wb", buffering=0))

    def asked(self, word: str, *given: Any) -> Any:
        asks, replies = self._process.stdin, self._process.stdout
        assert asks is not None
        assert replies is not None
        asks.write(json.dumps([word, *given]).encode() + b"\n")
        asks.flush()
        return json.loads(replies.readline())

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait(30)


@pytest.fixture(scope="session")
def job_forks() -> Iterator[JobForks]:
    pytest.importorskip("torch", reason="the training extra is not installed")
    with tempfile.TemporaryDirectory() as folder:
        forks = JobForks(Path(folder))
        yield forks
        forks.close()


def started(folder: str, phase: str, stdin: str) -> int:
    if pid := os.fork():
        return pid
    code = 1
    try:
        os.setsid()
        log = os.open(Path(folder) / "worker.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number, opened in enumerate((os.open(stdin, os.O_RDONLY), os.open(os.devnull, os.O_WRONLY), log)):
            os.dup2(opened, number)
        code = work.main(Path(folder), phase)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def main() -> None:
    gc.collect()
    gc.freeze()
    memory.frozen = True
    does = {"started": started, "ended": ended}
    for line in sys.stdin:
        word, *given = json.loads(line)
        print(json.dumps(does[word](*given)), flush=True)  # noqa: T201 - the reply


if __name__ == "__main__":
    main()
