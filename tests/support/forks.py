"""Processes to be killed: forked from one that has imported everything, for a start of Python costs more than what it is to show."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from multiprocessing import forkserver
from pathlib import Path
from typing import Any


class Fork:
    """A function at work in a process of its own; has what `asyncio.subprocess.Process` has."""

    def __init__(self, target: Callable[..., Any], *args: Any, env: Mapping[str, str] = os.environ) -> None:
        context = multiprocessing.get_context("forkserver")
        _server(context)
        self._said = [Path(tempfile.mkstemp()[1]) for _ in ("stdout", "stderr")]
        self._process = context.Process(target=_run, args=(target, args, dict(env), self._said), daemon=True)
        self._process.start()
        self.pid: int = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int | None:
        """Its exit status, negative for a signal."""
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(self._process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
        return self.returncode

    @property
    def out(self) -> str:
        """What it has written to stdout so far."""
        return self._said[0].read_text()

    async def communicate(self) -> tuple[bytes, bytes]:
        """What it wrote to stdout and stderr, once it has ended."""
        await self.wait()
        out, err = (path.read_bytes() for path in self._said)
        for path in self._said:
            path.unlink()
        return out, err


def distill(
    *words: object, env: Mapping[str, str] = os.environ, ignored: signal.Signals | None = None, cwd: Path | None = None
) -> Fork:
    """The command `distill`; `ignored` is a signal that whoever starts it ignores, as `nohup` does."""
    return Fork(_main, ["distill", *map(str, words)], ignored, cwd or Path.cwd(), env=env)


def python(code: str, *words: object) -> Fork:
    """As `python -c code words…`."""
    return Fork(_code, code, ["-c", *map(str, words)])


def _code(code: str, words: list[str]) -> None:
    sys.argv = words
    exec(code, {"__name__": "__main__"})  # noqa: S102 - a test's own code


def _main(words: list[str], ignored: signal.Signals | None, cwd: Path) -> None:
    from distill.__main__ import main

    os.chdir(cwd)
    if ignored is not None:
        signal.signal(ignored, signal.SIG_IGN)
    sys.argv = words
    main()


def _run(target: Callable[..., Any], args: tuple[Any, ...], env: dict[str, str], said: list[Path]) -> None:
    os.environ.clear()
    os.environ.update(env)
    for number, path in enumerate(said, 1):
        os.dup2(os.open(path, os.O_WRONLY), number)
    target(*args)


def _server(context: Any) -> None:
    """Start the process from which all others fork, where it is not there yet; our helpers are on its path."""
    context.set_forkserver_preload(["preloaded"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
