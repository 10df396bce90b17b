"""The disk that all files and jobs may take together, and a disk that is full: refused before anything is half written."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field

from distill.host.home import Home
from distill.host.state.cleaning import size_of
from distill.host.state.database import Database
from distill.protocol.error import ApiError

_ROOM = 32 << 20
"""Bytes that stay free on the disk at least: the database has to be written too."""
_LOOK_S = 5.0
"""How old the size of the jobs' folders may be: looking at thousands of files takes a while."""


@dataclass(slots=True)
class DiskQuota:
    """What is on its way in counts as if it were there, so that uploads beside each other do not pass the limit together."""

    home: Home
    db: Database
    most: int
    _coming: dict[object, int] = field(default_factory=dict)
    _jobs: tuple[float, int] = (0.0, 0)

    def check(self, more: int) -> None:
        """ApiError where so many bytes more would not fit."""
        used = self._kept() + sum(self._coming.values())
        if used + more > self.most:
            raise ApiError(
                f"Files and jobs take {mb(used)} of the {mb(self.most)} that this host may use; {mb(more)} more do not fit. Delete "
                "files or tunes, run `distill host --clean-up`, or start the host with a larger --quota-gb.",
                code="quota_exceeded",
            )
        if shutil.disk_usage(self.home.folder).free < more + _ROOM:
            raise no_space()

    def coming(self, key: object, size: int) -> None:
        """So many bytes of an upload are announced, or have come; ApiError where they would not fit."""
        before = self._coming.get(key, 0)
        if size > before:
            self.check(size - before)
            self._coming[key] = size

    def settled(self, key: object) -> None:
        """The upload is in, or was given up."""
        self._coming.pop(key, None)

    def _kept(self) -> int:
        row = self.db.row("SELECT (SELECT total(bytes) FROM files) + (SELECT total(bytes) FROM upload_parts) AS size")
        if self._jobs[0] < time.monotonic() - _LOOK_S:
            self._jobs = (time.monotonic(), size_of(self.home.job("x").parent))
        return self._jobs[1] + (int(row["size"]) if row else 0)


def no_space() -> ApiError:
    """The disk is full."""
    return ApiError(
        "The disk of this host is full; nothing was kept of the request. Free some of it and send it again.",
        status=503,
        code="no_space",
    )


def mb(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"
