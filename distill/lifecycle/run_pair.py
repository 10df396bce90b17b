"""Which two runs are held side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from distill.errors import UsageError
from distill.pipeline import arguments
from distill.rundir import RunDir, numbers


def pair_of(names: Sequence[str], home: Path) -> tuple[RunDir, RunDir]:
    """The older and the newer run: of two names those, in the order given; of one run it and the one before it; of a task, or of no
    name, the last two. A bare number, such as 001, is of the task of the other name, or of the newest run."""
    if len(names) > 2:
        raise UsageError(f"{len(names)} runs, expected two: `distill diff 001 002`")
    if len(names) == 2:
        a, b = _both(names[0], names[1], home)
    else:
        b = _run(names[0] if names else "latest", home)
        held = [number for number in numbers(b.home, b.task) if number < b.number]
        if not held:
            raise UsageError(f"{b.name} is the first run of {b.task}, so there is nothing to hold it against")
        a = RunDir(b.home, b.task, held[-1])
    if a.task != b.task:
        raise UsageError(f"{a.name} and {b.name} are of two tasks; their rows have nothing in common")
    return a, b


def _both(one: str, other: str, home: Path) -> tuple[RunDir, RunDir]:
    of = next((arguments.run_of(name, home) for name in (one, other) if not name.isdigit()), None)
    return _run(one, home, of), _run(other, home, of)


def _run(name: str, home: Path, of: RunDir | None = None) -> RunDir:
    if not name.isdigit():
        return arguments.run_of(name, home)
    of = of or arguments.run_of("latest", home)
    if int(name) not in numbers(of.home, of.task):
        known = ", ".join(f"{number:03d}" for number in numbers(of.home, of.task))
        raise UsageError(f"{of.task} has no run {name}; there are {known}")
    return RunDir(of.home, of.task, int(name))
