"""How many threads a training computes with: those for which a core is free.

PyTorch's threads wait for each other after every operation. Where another program holds a core, each operation takes as long as the
thread that is waiting for it: with four busy programs on two cores, two threads took 10 to 18 times as long as alone, and one
thread 5 times, which is its share of the machine. So before each step, cores that others keep busy are left to them. Sums are
added in another order then, and the last digits of the weights differ; `OMP_NUM_THREADS` sets a number and keeps it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec

P = ParamSpec("P")
_TIMES = Path("/proc/stat")
"""Linux alone tells here what each core has done; elsewhere all cores are taken."""
_SHORTEST_S = 0.2
"""Seconds over which a share of the cores is worth anything: the kernel counts in hundredths."""
_IDLE = (3, 4)
"""Of a core's times, those in which it did nothing: idle and waiting for a disk."""


def free_cores(cores: int, others: float) -> int:
    """Cores to compute on where other programs keep `others` of them busy; at least one."""
    return max(1, cores - round(others))


@dataclass(frozen=True, slots=True)
class CoreTime:
    """Seconds up to now: on the clock, of all cores of ours that were busy, and of this process."""

    clock: float
    busy: float
    own: float


def others_busy(earlier: CoreTime, now: CoreTime) -> float:
    """Cores that other programs kept busy between the two."""
    took = now.clock - earlier.clock
    return max(0.0, (now.busy - earlier.busy) - (now.own - earlier.own)) / took


def busy_seconds(text: str, cores: set[int], ticks: int) -> float:
    """Seconds in which `cores` were busy, from the text of /proc/stat in `ticks` a second."""
    rows = [line.split() for line in text.splitlines() if line.startswith("cpu") and line[3:4].isdigit()]
    ours = [[int(value) for value in times[:8]] for name, *times in rows if int(name[3:]) in cores]
    return sum(value for times in ours for at, value in enumerate(times) if at not in _IDLE) / ticks


class FreeCores:
    """Sets the threads of PyTorch in this thread by what other programs have done since the last call."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._fixed = "OMP_NUM_THREADS" in os.environ or not _TIMES.exists()
        self._seen = None if self._fixed else _now()

    def begin(self) -> None:
        """Look for as long as it takes to know what others do; no time is lost where the user has set a number."""
        if self._seen is not None:
            time.sleep(_SHORTEST_S)
            self.adapt()

    def adapt(self) -> None:
        """Take the cores that are free; nothing happens where the user has set a number, or within 0.2 s."""
        import torch

        if self._seen is None:
            return
        now = _now()
        if now.clock - self._seen.clock < _SHORTEST_S:
            return
        torch.set_num_threads(free_cores(self._threads, others_busy(self._seen, now)))
        self._seen = now

    def after(self, on_step: Callable[P, None]) -> Callable[P, None]:
        """`on_step` of a training, and after it the look at the cores."""

        def step(*given: P.args, **named: P.kwargs) -> None:
            on_step(*given, **named)
            self.adapt()

        return step


@contextmanager
def on_free_cores() -> Iterator[FreeCores]:
    """For a training in this thread; PyTorch has its own number of threads again afterwards."""
    import torch

    threads = torch.get_num_threads()
    cores = FreeCores(threads)
    cores.begin()
    try:
        yield cores
    finally:
        torch.set_num_threads(threads)


def _now() -> CoreTime:
    cores, ticks = os.sched_getaffinity(0), os.sysconf("SC_CLK_TCK")
    return CoreTime(time.monotonic(), busy_seconds(_TIMES.read_text(), cores, ticks), time.process_time())
