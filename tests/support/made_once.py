"""Folders that take seconds to make: the first worker that needs one makes it, and each has a copy of its own."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def copy_of(name: str, temp: pytest.TempPathFactory, make: Callable[[Path], object]) -> Path:
    """This worker's copy of what `make` puts into an empty folder; nobody writes into the folder that is copied."""
    base = temp.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = common / f"made-{name}", common / f"made-{name}.done"
    with (common / f"made-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed half-way
            folder.mkdir()
            make(folder)
            done.touch()
    return shutil.copytree(folder, temp.mktemp(name) / name)
