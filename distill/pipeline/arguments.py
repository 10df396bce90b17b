"""What an argument of the command line names, for every verb alike.

    a task     its spec's path, the folder that holds it, or the task's name
    a run      task/001, the run's folder, latest, or a task as above for its newest run

Names are looked for in the project's home: the folder that holds `.distill/`, with the answers, and `runs/`. Where a command is
given none it is that of the working folder.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from distill.errors import SpecError, UsageError
from distill.rundir import MANIFEST, RunDir, find, latest, numbers
from distill.spec import SPEC_FILE, task_of

_NAME = re.compile(r"([a-z0-9][a-z0-9._-]{0,62})(?:/(\d{3,}))?")
_MARKS = (".distill", "pyproject.toml", ".git", "runs")
"""Any of them is in a folder that is a project's."""
_MOST = 2000
"""Specs that are looked at for a name."""


class TaskPlace(NamedTuple):
    """Where a task's spec lies, and the project that holds its runs and answers."""

    spec: Path
    home: Path


def project_of(path: Path) -> Path | None:
    """The nearest folder at or above a path that holds a project; None where none does."""
    start = path.resolve() if path.is_dir() else path.resolve().parent
    return next(
        (folder for folder in (start, *start.parents) if any((folder / mark).exists() for mark in _MARKS)), None
    )


def home_of(spec: Path) -> Path:
    """The project of a spec; its own folder where there is none."""
    return project_of(spec) or (spec.resolve() if spec.is_dir() else spec.resolve().parent)


def project_at(folder: Path) -> Path:
    """The project of a folder, which may be missing; the folder itself where there is none."""
    return home_of(folder.resolve() / SPEC_FILE)


def place_of(given: Path) -> TaskPlace:
    """The spec that an argument means, and its home: a task found by its name in no project has the working folder's."""
    spec = spec_of(given)
    return TaskPlace(spec, project_of(spec) or (home_of(spec) if exists(given) else project_at(Path.cwd())))


def spec_of(given: Path) -> Path:
    """The spec that an argument means; UsageError where there is none, or more than one of the name."""
    if exists(given) and not _is_run(given):
        return given
    run = given.resolve() if _is_run(given) else None
    home = run.parents[2] if run else project_at(Path.cwd())
    name = run.parent.name if run else _task_named(str(given), home)
    found = [path for path in _specs(home) if name and _name_of(path) == name]
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} specs under {home} say `task: {name}`: {', '.join(map(str, found[:5]))}; give the path of one"
        )
    if not found:
        also = f", and none under {home} says `task: {name}`" if name else ""
        raise UsageError(
            f"no spec at {str(given)[:80]}{also}; give the path of a task.yaml or of its folder, or let `distill init {name or 'FOLDER'}` write a first one"
        )
    return found[0]


def specs_of(home: Path) -> dict[str, list[Path]]:
    """Task → the specs of a project that have its name; under an empty name those of which none can be read."""
    found: dict[str, list[Path]] = {}
    for path in sorted(_specs(home)):
        found.setdefault(_name_of(path), []).append(path)
    return found


def run_of(given: str, home: Path) -> RunDir:
    """The run that an argument means; UsageError says which there are, and how to name those of another project."""
    root = project_at(home)
    if given.strip("/") == "latest" and not numbers(root, "latest"):
        newest = _newest(root)
        if newest is None:
            raise UsageError(f"no run under {root / 'runs'} yet; `distill run SPEC` begins one. {_ELSEWHERE}")
        return newest
    try:
        return find(root, given)
    except UsageError as none:
        path = Path(given)
        if not exists(path) or not exists(path / SPEC_FILE if path.is_dir() else path):
            raise UsageError(f"{none}. {_ELSEWHERE}") from None
    task = task_of(path)
    found = latest(home_of(path), task)
    if found is None:
        raise UsageError(f"{task} has no run yet under {home_of(path) / 'runs'}; `distill run {given}` begins one")
    return found


_ELSEWHERE = "For the runs of another project give its folder: --home FOLDER"


def exists(path: Path) -> bool:
    """Whether something is there; a name that no system takes is of nothing."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_run(given: str, run: RunDir) -> bool:
    """Whether an argument means this run and not all runs of its task."""
    name = given.strip("/")
    return name in (run.name, "latest") or Path(given).resolve() == run.path.resolve()


def _is_run(path: Path) -> bool:
    """Whether a path is a run's folder: the spec in it is a copy, whose relative paths lead nowhere."""
    return exists(path / MANIFEST) and path.resolve().parent.parent.name == "runs"


def _task_named(given: str, home: Path) -> str:
    """The task of `task`, `task/001` or `latest`; nothing where a text is none of them."""
    if given == "latest" and (newest := _newest(home)) is not None:
        return newest.task
    match = _NAME.fullmatch(given.strip("/"))
    return match[1] if match else ""


def _specs(home: Path) -> Iterator[Path]:
    patterns = (SPEC_FILE, f"*/{SPEC_FILE}", f"*/*/{SPEC_FILE}")
    paths = (path for pattern in patterns for path in home.glob(pattern))
    return itertools.islice((path for path in paths if "runs" not in path.relative_to(home).parts), _MOST)


def _name_of(path: Path) -> str:
    try:
        return task_of(path)
    except (SpecError, UsageError):
        return ""


def _newest(home: Path) -> RunDir | None:
    """The run that was worked at last."""
    tasks = [path.name for path in (home / "runs").iterdir()] if (home / "runs").is_dir() else []
    runs = [RunDir(home, task, number) for task in tasks for number in numbers(home, task)]
    begun = [run for run in runs if (run / MANIFEST).exists()]
    return max(begun, key=lambda run: (run / MANIFEST).stat().st_mtime, default=None)
