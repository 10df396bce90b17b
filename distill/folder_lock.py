"""One process at a time in a folder: the kernel lets go of the lock when the process dies, whatever kills it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distill.errors import UsageError


@contextmanager
def locked(folder: Path, what: str, move: str) -> Iterator[None]:
    """Hold a folder, which is made where it is missing; UsageError says which process holds `what`, and the next `move`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise UsageError(f"{what} is held by process {file.read().strip() or 'unknown'}; {move}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
