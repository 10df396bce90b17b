"""Who is asking what just now: so that of several processes over one store each question is paid for by one.

An attempt that is not settled names its owner, and an owner is a file that its process holds locked. The kernel lets go of
the lock when the process dies, whatever kills it; so a question whose owner is gone is free at once, and one whose owner
lives is waited for. This holds on one machine, and wherever the file system's locks (flock) hold.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from pathlib import Path

CLAIM = (
    "INSERT INTO attempts (request_id, run, spender, started, reserved_usd, priced, owner, address) SELECT ?1,?2,?3,?4,?5,?6,?7,?8 "
    "WHERE NOT EXISTS (SELECT 1 FROM answers WHERE request_id=?1) AND NOT EXISTS ("
    "SELECT 1 FROM attempts WHERE request_id=?1 AND settled IS NULL AND owner IS NOT ?7 AND owner IS NOT NULL)"
)
"""Inserts nothing where the question is answered, or asked by another process."""
OWNERS = "SELECT DISTINCT owner FROM attempts WHERE request_id=? AND settled IS NULL AND owner IS NOT NULL AND owner<>?"
RELEASE = "UPDATE attempts SET owner=NULL WHERE request_id=? AND owner=? AND settled IS NULL"
_LOOK_S = 0.5
"""Between two looks who else is there."""


class Owner:
    """This process, as others that share the store see it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name: str | None = None
        self._file: int | None = None
        self._dead: set[str] = set()
        self._looked_at = float("-inf")
        self._others = False

    @property
    def name(self) -> str:
        """Its name; the file that stands for it is made when it is first asked for. Empty where files cannot be locked."""
        if self._name is None:
            self._name = self._hold()
        return self._name

    @property
    def others(self) -> bool:
        """Whether another process is asking something; looked up twice a second at most."""
        now = time.monotonic()
        if now - self._looked_at > _LOOK_S:
            self._looked_at = now
            with contextlib.suppress(OSError):
                files = self._folder.iterdir() if self._folder.exists() else ()
                self._others = any(file.name != self._name and self.alive(file.name) for file in files)
        return self._others

    def alive(self, name: str) -> bool:
        """Whether the process of this name still is there; the file of one that is gone is removed."""
        if name in self._dead:
            return False
        path = self._folder / name
        try:
            file = os.open(path, os.O_RDONLY)
        except OSError:
            self._dead.add(name)
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        else:
            path.unlink(missing_ok=True)
            self._dead.add(name)
            return False
        finally:
            os.close(file)

    def close(self) -> None:
        """Nothing is asked any more."""
        if self._file is not None:
            (self._folder / str(self._name)).unlink(missing_ok=True)
            os.close(self._file)
            self._file = None
            with contextlib.suppress(OSError):  # others have theirs in it
                self._folder.rmdir()

    def _hold(self) -> str:
        try:
            while True:
                name = secrets.token_hex(8)
                self._folder.mkdir(parents=True, exist_ok=True)
                with contextlib.suppress(FileNotFoundError):  # another one removed the folder as it left
                    file = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                    fcntl.flock(file, fcntl.LOCK_EX)
                    if os.fstat(file).st_nlink:  # nobody took it for a dead one's before it was locked
                        self._file = file
                        return name
                    os.close(file)
        except OSError:
            return ""
