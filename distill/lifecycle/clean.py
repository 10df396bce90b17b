"""Removes run folders. Answers, batch jobs and what a host was paid for are never touched.

A run stays, with the reason, if a process holds it, a batch job of it is at a host, a run that stays refreshes it, a host tuned its
student (only its files name that model), its student was promoted, or a person decided about rows in it. The newest of a task stay as well.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.curate.dedup import decisions
from distill.errors import UsageError
from distill.lifecycle.registry.task_registry import numbers_of
from distill.pipeline import arguments
from distill.rundir import RunDir, numbers
from distill.task import stores
from distill.teacher.batch.open_batches import holder
from distill.teacher.store import queries
from distill.text.normalise import strict_json

_HOSTED = ("student/job.json", "student/hosted.json")
_ENDED = ("collected", "abandoned")
"""States of a batch job that nobody waits for."""
_REMOVED = ".removed"
"""Ends the name of a folder that is being removed; one that was not removed to its end is removed by the next command."""


@dataclass(frozen=True, slots=True)
class RunSize:
    """A run and the bytes of its files."""

    run: str
    bytes: int


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run that stays, and why."""

    run: str
    why: str


@dataclass(frozen=True, slots=True)
class CleanUp:
    """What is removed, or was, and what stays of what was named."""

    home: Path
    removed: Sequence[RunSize] = ()
    kept: Sequence[KeptRun] = ()

    @property
    def bytes(self) -> int:
        """Bytes of all that is removed."""
        return sum(run.bytes for run in self.removed)


def plan(given: str, home: Path, *, keep: int = 1) -> CleanUp:
    """What would be removed of a run, or of all runs of a task but the newest `keep`; UsageError where one run is named that stays."""
    run = arguments.run_of(given, home)
    alone = arguments.is_run(given, run)
    every = [RunDir(run.home, run.task, number) for number in reversed(numbers(run.home, run.task))]
    removed, kept = list[RunDir](), list[KeptRun]()
    for one in [run] if alone else every:
        why = _why_kept(one, every, keep=keep, gone={gone.name for gone in removed})
        if why:
            kept.append(KeptRun(one.name, why))
        else:
            removed.append(one)
    if alone and kept:
        raise UsageError(f"run {run.name} is not removed: {kept[0].why}")
    return CleanUp(run.home, [RunSize(one.name, size(one.path)) for one in removed], kept)


def remove(planned: CleanUp) -> CleanUp:
    """Remove what was planned; a run that a process has taken since stays."""
    removed, kept = list[RunSize](), list(planned.kept)
    for one in planned.removed:
        task, _, number = one.run.rpartition("/")
        run = RunDir(planned.home, task, int(number))
        try:
            _remove(run)
            removed.append(one)
        except UsageError as held:
            kept.append(KeptRun(one.run, str(held)))
    return CleanUp(planned.home, removed, kept)


def size(folder: Path) -> int:
    """Bytes of the files below a folder; what a link leads to is not counted."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_symlink() or path.is_file())


def _why_kept(run: RunDir, every: Sequence[RunDir], *, keep: int, gone: Collection[str]) -> str:
    """Why a run stays; empty where it may go. `every` are the task's, the newest first; of them `gone` go too."""
    if run.number in [one.number for one in every[:keep]]:
        newest = "it is the newest run" if keep == 1 else f"it is among the newest {keep}"
        return f"{newest}; --keep {every.index(run)} removes it too"
    if run.path.is_symlink():
        return "its folder is a link; remove the link yourself"
    if (process := holder(run)) is not None:
        return f"process {process} works in it; wait for it or stop it"
    if children := [one.name for one in every if one.name not in gone and _parent(one) == run.name]:
        return f"run {children[0]} refreshes it and compares with it; remove that one first"
    with stores.reading(run.home) as db:
        out = [job for job in queries.batch_jobs(db, run.name) if job.run == run.name and job.state not in _ENDED]
    if out:
        where = "waits for its results" if out[0].endpoint == "file" else "is at the host"
        return f"batch job {out[0].batch} {where}; `distill run` collects it"
    if hosted := [name for name in _HOSTED if (run.path / name).exists()]:
        return f"its student was tuned at a host and paid for, and {hosted[0]} names it; move that file away first"
    if promoted := _promoted(run):
        return promoted
    if _decided(run):
        return f"a person decided about rows in {decisions.FILE}; move that file away first"
    return ""


def _promoted(run: RunDir) -> str:
    """That a student of a run is in the registry, which tells only by this run what it was trained on."""
    found = numbers_of(run)
    one = f"student {found[0]}" if len(found) == 1 else f"students {', '.join(map(str, found))}"
    return f"its student was promoted ({one} of registry/{run.task}), and only here are the rows of it" if found else ""


def _parent(run: RunDir) -> str | None:
    try:
        name = run.manifest().get("parent")
    except UsageError:  # one that cannot be read refreshes nothing any more
        return None
    return str(name) if name else None


def _decided(run: RunDir) -> bool:
    """Whether a line of the conflicts says which answer is right, or cannot be read: it may hold what a person wrote."""
    path = run.path / decisions.FILE
    if not path.exists():
        return False
    try:
        lines = [strict_json(line) for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
        return any(line["right"] is not None for line in lines)
    except (OSError, ValueError, TypeError, KeyError):
        return True


def _remove(run: RunDir) -> None:
    """A run's folder disappears at once, also to who looks meanwhile; its files follow."""
    aside = run.path.with_name(f".{run.path.name}.{os.getpid()}{_REMOVED}")
    with run.lock():
        if promoted := _promoted(run):
            raise UsageError(promoted)
        run.path.rename(aside)
    for folder in run.path.parent.glob(f".*{_REMOVED}"):
        shutil.rmtree(folder)
    with contextlib.suppress(OSError):  # others are there, which is as it should be
        run.path.parent.rmdir()
