"""The student of a task that serves, by its registry."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from distill.errors import UsageError
from distill.lifecycle.calendar.result import ServingStudent
from distill.lifecycle.registry.student import RegisteredStudent
from distill.lifecycle.registry.task_registry import TaskRegistry
from distill.records import Json
from distill.rundir import SPEC, read_json


class Serving(NamedTuple):
    """The student, and the `student.train` of the spec that it was made by; `broken` says why none can serve though one should."""

    student: ServingStudent | None
    train: dict[str, Json]
    broken: str


def serving_of(home: Path, task: str, today: date) -> Serving:
    """What the alias of a task leads to."""
    registry = TaskRegistry(home, task)
    folder = registry.current()
    if not folder:
        return Serving(None, {}, "")
    try:
        found = registry.read(folder)
        return Serving(_student(found, today), _train(registry.path / folder / SPEC), "")
    except (UsageError, ValueError) as fault:
        return Serving(None, {}, f"{registry.name}: {str(fault).split(';', maxsplit=1)[0]}")


def _student(found: RegisteredStudent, today: date) -> ServingStudent:
    asked = found.asked or found.promoted
    return ServingStudent(
        number=found.number, run=found.run, promoted=_day(found.promoted).isoformat(), asked=_day(asked).isoformat(),
        age=(today - _day(asked)).days, how=found.how, base=found.base, verdict=found.verdict.word if found.verdict else "",
    )  # fmt: skip


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).astimezone().date()


def _train(path: Path) -> dict[str, Json]:
    """The training settings that the student was made by; none where the entry kept no spec."""
    if not path.is_file():
        return {}
    spec = read_json(path, dict, needs="spec")["spec"]
    return dict(spec.get("student", {}).get("train") or {})
