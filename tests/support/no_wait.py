"""A clock that nobody waits for: when nothing is left to do it moves on to the next timer, so that waits are exact and cost nothing.

For work inside the process; what comes over a socket may come after a timer that a real clock would not have reached.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


class Clock:
    """Takes the place of `time.monotonic`."""

    def __init__(self) -> None:
        self.now = time.monotonic()

    def __call__(self) -> float:
        return self.now


class _Selector(selectors.DefaultSelector):
    """Waits for what is under way in threads, and for nothing else."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock, self.threads = clock, 0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(None if self.threads and timeout != 0 else min(timeout or 0, 0))
        if not ready and timeout:
            self.clock.now += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock) -> None:
        self._own = _Selector(clock)
        super().__init__(self._own)

    def run_in_executor(self, *work: Any) -> Any:
        future = super().run_in_executor(*work)
        self._own.threads += 1
        future.add_done_callback(self._came_back)
        return future

    def _came_back(self, _future: Any) -> None:
        self._own.threads -= 1


def run(work: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, with a monotonic clock of its own."""
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        patch.setattr(time, "monotonic", clock)
        with asyncio.Runner(loop_factory=lambda: _Loop(clock)) as runner:
            return runner.run(work)
