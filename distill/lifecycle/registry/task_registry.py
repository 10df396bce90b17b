"""The registry of a task, beside its runs: students that never change, and the alias of the one that servers read.

    registry/TASK/students/001-3f9c0a12b4de/   entry.json and the student's files, all read-only
    registry/TASK/current                      a link to one of them
    registry/TASK/current.json                 a link to current/entry.json
    registry/TASK/history.json                 every switch of the alias

`current.json` leads through `current`: both are switched by one rename, and can never say two things.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from distill.errors import UsageError
from distill.folder_lock import locked
from distill.lifecycle.registry.student import ENTRY, RegisteredStudent
from distill.rundir import RunDir, read_result

STUDENTS = "students"
CURRENT = "current"
_FOLDER = re.compile(r"(\d{3,})-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class TaskRegistry:
    """`registry/<task>` in the home of the task's runs."""

    home: Path
    task: str

    @property
    def path(self) -> Path:
        return self.home / "registry" / self.task

    @property
    def name(self) -> str:
        return f"registry/{self.task}"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the registry of the task, or say who does."""
        with locked(self.path, self.name, "wait for it, then try again"):
            yield

    def folders(self) -> list[str]:
        """The students' folders, `students/NNN-HASH`, by number; what is still being written is none."""
        folder = self.path / STUDENTS
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        return [f"{STUDENTS}/{name}" for name in sorted(filter(_FOLDER.fullmatch, names), key=number_of)]

    def read(self, folder: str) -> RegisteredStudent:
        """The student of a folder; UsageError where its record is gone or torn."""
        path = self.path / folder / ENTRY
        try:
            return read_result(path, RegisteredStudent)
        except UsageError as fault:
            said = str(fault).split(";", maxsplit=1)[0]
            raise UsageError(
                f"{said}; this student serves no more: `distill rollback {self.task} --to N` takes another, and its run can be promoted again"
            ) from None

    def students(self) -> list[RegisteredStudent]:
        """All students, by number."""
        return [self.read(folder) for folder in self.folders()]

    def current(self) -> str:
        """The folder that the alias leads to, which need not be there; empty where nothing was promoted yet."""
        link = self.path / CURRENT
        return str(link.readlink()) if link.is_symlink() else ""

    def of_number(self, number: int) -> RegisteredStudent:
        """The student of a number; UsageError says which there are."""
        folders = {number_of(folder): folder for folder in self.folders()}
        if number not in folders:
            known = ", ".join(map(str, folders)) or "none yet"
            raise UsageError(
                f"{self.name} has no student {number}; there {'is' if len(folders) < 2 else 'are'} {known}"
            )
        return self.read(folders[number])


def number_of(folder: str) -> int:
    """The number that a student's folder begins with."""
    return int(folder.rpartition("/")[2].split("-")[0])


def numbers_of(run: RunDir) -> list[int]:
    """The numbers of the students that were promoted from a run; a record that cannot be read names no run."""
    registry, found = TaskRegistry(run.home, run.task), list[int]()
    for folder in registry.folders():
        try:
            student = registry.read(folder)
        except UsageError:
            continue
        if student.run == run.name:
            found.append(student.number)
    return found


def registries(home: Path) -> list[TaskRegistry]:
    """Those of a project."""
    return [TaskRegistry(home, path.name) for path in sorted((home / "registry").glob("*")) if path.is_dir()]
