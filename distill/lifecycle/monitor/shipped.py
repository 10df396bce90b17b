"""Which student a log is of: the one that serves, by the registry of its task, else that of the newest run that was compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from distill.errors import UsageError
from distill.lifecycle.registry.task_registry import TaskRegistry
from distill.rundir import RunDir, find, numbers

_NEEDED = ("seeds.parquet", "samples.parquet")


@dataclass(frozen=True, slots=True)
class ShippedStudent:
    """The run that made a student, and what it is called: a number of the registry, or the run."""

    run: RunDir
    name: str


def shipped(home: Path, task: str, given: str | None = None) -> ShippedStudent:
    """The student of the run that was named, of the alias, or of the newest run; UsageError where its run is gone or half there."""
    if given is not None:
        run = _named(home, task, given)
        return ShippedStudent(_whole(run, f"run {run.name}"), f"run {run.name}")
    registry = TaskRegistry(home, task)
    current = registry.current()
    if current:
        student = registry.read(current)
        name = f"student {student.number} of {registry.name}"
        return ShippedStudent(_whole(RunDir(home, task, int(student.run.rpartition("/")[2])), name), name)
    held = [RunDir(home, task, number) for number in reversed(numbers(home, task))]
    if not held:
        raise UsageError(f"{task} has no run under {home / 'runs'}, so there is nothing to hold a log against; `distill run {task}` makes one")
    run = next((one for one in held if (one.path / "calls.parquet").is_file()), held[0])
    return ShippedStudent(_whole(run, f"run {run.name}"), f"run {run.name}")


def _named(home: Path, task: str, given: str) -> RunDir:
    run = find(home, f"{task}/{given}" if given.isdigit() else given)
    if run.task != task:
        raise UsageError(f"{run.name} is a run of another task than {task}")
    return run


def _whole(run: RunDir, whose: str) -> RunDir:
    """The run, where it holds what a log is held against."""
    if not run.path.is_dir():
        raise UsageError(
            f"{run.path} is not there, and only the run tells what {whose} was like; put it back, or name another with --run (there "
            f"{'are ' + ', '.join(f'{number:03d}' for number in numbers(run.home, run.task)) if numbers(run.home, run.task) else 'is none'})"
        )
    missing = [name for name in _NEEDED if not (run.path / name).is_file()]
    if missing:
        raise UsageError(
            f"{run.path} lacks {', '.join(missing)}, so nothing tells what {whose} was like; put {'it' if len(missing) == 1 else 'them'} back, "
            "or name another run with --run"
        )
    return run
