"""Memory that was freed goes back to the system, where the C library would keep it for later.

glibc keeps what is freed below the top of its heap. After a step that held a million texts for a moment this is hundreds of
megabytes, which the next step cannot use for its large arrays.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable


def release() -> None:
    """Give back what is free now. It takes milliseconds; elsewhere than on glibc it does nothing."""
    _trim()(0)


@functools.cache
def _trim() -> Callable[[int], object]:
    found = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found or (lambda _pad: None)
