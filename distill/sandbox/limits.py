"""How much a child may take, and that it does not outlive us."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

_SET_DEATH_SIGNAL = 1


def take(megabytes: int) -> None:
    """No more memory than this (address space, where the system holds it), no bytes into files, no core dump."""
    wanted = {
        resource.RLIMIT_AS: megabytes * 2**20,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 256,
    }
    for kind, most in wanted.items():
        _set(kind, most)


def no_processes() -> None:
    """No new process of this user's, where no filter refuses them; Linux counts threads too, so then there are none."""
    _set(resource.RLIMIT_NPROC, 0)


def die_with(parent: int) -> None:
    """End when the parent does, however it ends (Linux); elsewhere the end of our input must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def _set(kind: int, most: int) -> None:
    held = resource.getrlimit(kind)[1]
    most = most if held == resource.RLIM_INFINITY else min(most, held)
    try:
        resource.setrlimit(kind, (most, most))
    except (ValueError, OSError):  # macOS knows some of these by name only
        return
