"""Memory that was freed goes back to the system, where allocators would keep it for later.

A step that held a million texts for a moment leaves hundreds of megabytes behind, which the next step cannot use for its large
arrays: glibc keeps what is freed below the top of its heap, and polars' own allocator (jemalloc) keeps freed pages for seconds.
Python's garbage collector has to be kept short while very many answers come in.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_WORTH = 4 * 2**20
"""Bytes that a step must have held before it is worth looking for what it left free."""
_SETTINGS, _AT_ONCE = "_RJEM_MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0"


def thrifty() -> None:
    """Let polars give back at once what it frees; it is heard only before polars is imported. Steps take no longer for it."""
    # Polars puts its own settings there, also for the processes that are started after it: what stands last counts.
    known = os.environ.get(_SETTINGS)
    os.environ[_SETTINGS] = f"{known},{_AT_ONCE}" if known else _AT_ONCE


def release(held: int = _WORTH) -> None:
    """Give back what is free now, where the C library is glibc. It takes milliseconds, so after work that `held` few bytes nothing is done."""
    if held >= _WORTH:
        _trim()(0)


@contextmanager
def short_collections() -> Iterator[None]:
    """Keep the garbage collector from holding the loop up: what is in memory already, libraries and all rows, is not
    walked again, and all that is in flight only once in some ten thousand answers, for it leaves no cycles behind."""
    global frozen  # noqa: PLW0603  # the collector is one of the process too
    if frozen:
        yield
        return
    thresholds, frozen = gc.get_threshold(), True
    gc.freeze()
    gc.set_threshold(*thresholds[:2], 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        frozen = False


frozen = False
"""Whether what is in memory is frozen already: by a call around this one, or for good by whoever sets it. The collector's own
count would say it too, but counts all that is frozen one by one, at some 50 ms a million."""


@dataclass(slots=True)
class Growth:
    """Bytes by which the memory of this process grew at the most; None where the system does not say (it is Linux that does)."""

    bytes: int | None = None


@contextmanager
def growth(every_s: float = 0.02) -> Iterator[Growth]:
    """Watch the resident memory of this process while something is done; what was freed and is used again is not seen."""
    release()
    found, over, before = Growth(), threading.Event(), _resident()
    if before is None:
        yield found
        return

    def look() -> None:
        found.bytes = max(found.bytes or 0, (_resident() or 0) - before)

    def watch() -> None:
        while not over.wait(every_s):
            look()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()
        look()


def _resident() -> int | None:
    """Bytes of this process that are in memory."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


@functools.cache
def _trim() -> Callable[[int], object]:
    found = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found or (lambda _pad: None)
