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
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SETTINGS, _AT_ONCE = "_RJEM_MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0"


def thrifty() -> None:
    """Let polars give back at once what it frees; it is heard only before polars is imported. Steps take no longer for it."""
    # Polars puts its own settings there, also for the processes that are started after it: what stands last counts.
    known = os.environ.get(_SETTINGS)
    os.environ[_SETTINGS] = f"{known},{_AT_ONCE}" if known else _AT_ONCE


def release() -> None:
    """Give back what is free now, where the C library is glibc. It takes milliseconds."""
    _trim()(0)


@contextmanager
def short_collections() -> Iterator[None]:
    """Keep the garbage collector from holding the loop up: what is in memory already, libraries and all rows, is not
    walked again, and all that is in flight only once in some ten thousand answers, for it leaves no cycles behind."""
    thresholds, ours = gc.get_threshold(), gc.get_freeze_count() == 0
    if ours:
        gc.freeze()
        gc.set_threshold(*thresholds[:2], 100)
    try:
        yield
    finally:
        if ours:
            gc.set_threshold(*thresholds)
            gc.unfreeze()


@functools.cache
def _trim() -> Callable[[int], object]:
    found = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found or (lambda _pad: None)
