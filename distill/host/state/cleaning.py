"""What the host's folder holds, what of it nobody needs any more, and taking that away.

Nobody needs: bytes without a row (a crash left them), files and uploads whose time is over, folders of jobs that no job
has, and folders of tunes that were deleted. What a job that goes on needs is never touched: a folder goes only where its job has ended
and none of its models is left.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from distill.host.home import Home
from distill.host.state import files, uploads
from distill.host.state.database import Database

_GOING = "('validating_files', 'queued', 'running', 'paused')"


@dataclass(frozen=True, slots=True)
class Held:
    """One kind of what lies there."""

    what: str
    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """All of it; `removable` is what a clean-up would take."""

    folder: Path
    held: tuple[Held, ...]
    removable: Held

    @property
    def bytes(self) -> int:
        """Of everything."""
        return sum(one.bytes for one in self.held)


def usage(db: Database, home: Home) -> DiskUsage:
    """What takes how much; nothing is changed."""
    by_purpose = db.rows(
        "SELECT purpose, count(*) AS n, sum(bytes) AS size FROM files GROUP BY purpose ORDER BY purpose"
    )
    parts = db.row("SELECT count(*) AS n, sum(bytes) AS size FROM upload_parts")
    jobs = _folders(home.job("x").parent)
    held = [Held(f"files for {row['purpose']}", row["n"], row["size"]) for row in by_purpose]
    if parts is not None and parts["n"]:
        held.append(Held("parts of uploads", parts["n"], parts["size"]))
    held.append(Held("jobs with their checkpoints and tunes", len(jobs), sum(map(size_of, jobs))))
    if bases := _folders(home.bases):
        held.append(Held("bases made ready", len(bases), sum(map(size_of, bases))))
    held.append(Held("database", 1, sum(one.stat().st_size for one in home.folder.glob("host.db*"))))
    left = orphans(db, home)
    if left:
        held.append(Held("left by a crash, or on their way in", len(left), sum(map(size_of, left))))
    unneeded = [*left, *unneeded_folders(db, home)]
    return DiskUsage(home.folder, tuple(held), Held("removable", len(unneeded), sum(map(size_of, unneeded))))


def sweep(db: Database, home: Home) -> Held:
    """At the start of a host, which alone is at work in its folder: end what is over, delete bytes without a row."""
    files.expire(db, home)
    uploads.expire(db, home)
    for row in db.rows(
        "SELECT DISTINCT upload_id FROM upload_parts WHERE upload_id IN (SELECT id FROM uploads WHERE status != 'pending')"
    ):
        uploads.drop_parts(db, home, row["upload_id"])
    return _remove("bytes without a row", orphans(db, home))


def clean_up(db: Database, home: Home) -> Held:
    """What `sweep` takes, and the folders of jobs and tunes that nobody can ask for any more."""
    swept = sweep(db, home)
    folders = _remove("folders", unneeded_folders(db, home))
    return Held("removed", swept.count + folders.count, swept.bytes + folders.bytes)


def orphans(db: Database, home: Home) -> list[Path]:
    """Bytes in the files' folder that no row names."""
    if not home.files.is_dir():
        return []
    known = {row["id"] for row in db.rows("SELECT id FROM files UNION ALL SELECT id FROM upload_parts")}
    return sorted(one for one in home.files.iterdir() if one.name not in known)


def unneeded_folders(db: Database, home: Home) -> list[Path]:
    """Folders of jobs that have ended, or that there never were, with no model left in them that is asked or trained on."""
    going = db.rows(f"SELECT id, parent FROM jobs WHERE status IN {_GOING}")  # noqa: S608  # words of ours
    needed = {row["id"] for row in going}
    needed |= {row["job_id"] for row in db.rows("SELECT job_id FROM models WHERE deleted_at IS NULL")}
    begun_with = [Path(row["parent"]) for row in going if row["parent"]]
    return [
        folder
        for folder in _folders(home.job("x").parent)
        if folder.name not in needed and not any(one.is_relative_to(folder) for one in begun_with)
    ]


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if not path.is_dir():
        return _size(path)
    return sum(_size(one) for one in path.rglob("*"))


def _size(path: Path) -> int:
    try:
        return 0 if path.is_symlink() or path.is_dir() else path.stat().st_size
    except FileNotFoundError:  # gone while we look
        return 0


def _folders(place: Path) -> list[Path]:
    return sorted(one for one in place.iterdir() if one.is_dir()) if place.is_dir() else []


def _remove(what: str, paths: list[Path]) -> Held:
    size = sum(map(size_of, paths))
    for one in paths:
        shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink(missing_ok=True)
    return Held(what, len(paths), size)
