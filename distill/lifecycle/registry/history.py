"""The students of a task that were promoted, and which of them serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.errors import UsageError
from distill.lifecycle.registry import alias
from distill.lifecycle.registry.promote import registry_of
from distill.lifecycle.registry.student import RegisteredStudent
from distill.lifecycle.registry.task_registry import number_of


@dataclass(frozen=True, slots=True)
class PromotedStudents:
    """Students by number, the number that serves (None where none does), what a roll back leads to, and every switch.

    `broken` are the folders whose record cannot be read, with the reason."""

    task: str
    current: int | None
    back_to: int | None
    students: Sequence[RegisteredStudent]
    broken: Sequence[str]
    switches: Sequence[alias.AliasSwitch]


def history(given: str, home: Path) -> PromotedStudents:
    """What was promoted of a task; UsageError where nothing was."""
    registry = registry_of(given, home)
    alias.tidy_if_free(registry)
    students, broken = list[RegisteredStudent](), list[str]()
    for folder in registry.folders():
        try:
            students.append(registry.read(folder))
        except UsageError as fault:
            broken.append(str(fault))
    made, current = alias.switches(registry), registry.current()
    back = alias.before(made)
    return PromotedStudents(
        registry.task, number_of(current) if current in registry.folders() else None, number_of(back) if back else None, students,
        broken, made,
    )  # fmt: skip
