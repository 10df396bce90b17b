"""Python's garbage collector, while very many answers come in."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
