"""The alias that servers read, and every switch of it.

A switch is written down first, then made by one rename. Whatever ends the process in between, the alias leads to a whole student,
the old one or the new one; `tidy`, which every later command calls, strikes out a switch that was not made and removes what was
half-written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from distill.atomic_write import write_json
from distill.errors import UsageError
from distill.lifecycle.registry.student import ENTRY, RegisteredStudent
from distill.lifecycle.registry.task_registry import CURRENT, STUDENTS, TaskRegistry
from distill.rundir import read_json
from distill.text.from_json import from_json

ALIAS_FILE = "current.json"
_HISTORY = "history.json"


@dataclass(frozen=True, slots=True)
class AliasSwitch:
    """When the alias was switched, by what (promote, rollback; `hand` where it was no command), and to which folder."""

    at: str
    by: str
    to: str


def switches(registry: TaskRegistry) -> list[AliasSwitch]:
    """Every switch, the first one first."""
    path = registry.path / _HISTORY
    if not path.exists():
        return []
    try:
        return [from_json(AliasSwitch, one) for one in read_json(path, dict, needs="switches")["switches"]]
    except (UsageError, ValueError, TypeError) as fault:
        raise UsageError(
            f"{path} cannot be read ({str(fault)[:100]}); move this one file away: what serves stays, and a new history begins"
        ) from None


def before(made: Sequence[AliasSwitch]) -> str:
    """The folder that a roll back leads to: what was current before the last promotion that still holds; empty where nothing was."""
    stack = list[str]()
    for one in made:
        if one.by != "promote" and one.to in stack:
            while stack[-1] != one.to:
                stack.pop()
        elif stack[-1:] != [one.to]:
            stack.append(one.to)
    return stack[-2] if len(stack) > 1 else ""


def switch(registry: TaskRegistry, student: RegisteredStudent, by: str) -> None:
    """Let the alias lead to a student. The registry must be held."""
    _write(registry, [*switches(registry), AliasSwitch(now(), by, student.folder)])
    _link(registry.path / ALIAS_FILE, f"{CURRENT}/{ENTRY}")
    _link(registry.path / CURRENT, student.folder)


def now() -> str:
    """This moment in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def tidy(registry: TaskRegistry) -> None:
    """Bring history and folder to what the alias says, after a command that was ended in between. The registry must be held."""
    for left in _half_written(registry):
        remove(left)
    current, made = registry.current(), switches(registry)
    if _last(made) == current:
        return
    kept = made[:-1]
    _write(registry, kept if _last(kept) == current else [*made, AliasSwitch(now(), "hand", current)])


def tidy_if_free(registry: TaskRegistry) -> None:
    """The same for a command that only reads, which holds the registry only where something is to be tidied: where another holds it, or
    nothing may be written, it stays as it is."""
    if registry.path.is_dir() and (_half_written(registry) or _last(switches(registry)) != registry.current()):
        with suppress(UsageError, OSError), registry.lock():
            tidy(registry)


def _half_written(registry: TaskRegistry) -> list[Path]:
    return [*registry.path.glob(".*.tmp"), *(registry.path / STUDENTS).glob(".*.tmp")]


def _last(made: Sequence[AliasSwitch]) -> str:
    return made[-1].to if made else ""


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder that may be read-only."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for folder in (path, *(one for one in path.rglob("*") if one.is_dir() and not one.is_symlink())):
        folder.chmod(0o755)
    shutil.rmtree(path)


def sync(folder: Path) -> None:
    """Names in a folder reach the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _write(registry: TaskRegistry, made: Sequence[AliasSwitch]) -> None:
    write_json(registry.path / _HISTORY, {"switches": [asdict(one) for one in made]})


def _link(path: Path, to: str) -> None:
    """A link, or another in its place, by one rename."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    aside.unlink(missing_ok=True)
    aside.symlink_to(to)
    aside.replace(path)
    sync(path.parent)
