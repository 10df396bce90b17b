"""Promoted students that one server can have together: adapters on the same weights, with the same chat template."""

from __future__ import annotations

from pathlib import Path

from distill.errors import UsageError
from distill.lifecycle.registry.candidate import StudentCandidate
from distill.lifecycle.registry.student import RegisteredStudent
from distill.lifecycle.registry.task_registry import CURRENT, registries


def promoted_on(student: StudentCandidate) -> dict[str, Path]:
    """Task → the adapter that serves it now, of the other tasks of the project. The path leads through the link `current`, so a server that
    is started anew reads the student of that day."""
    found: dict[str, Path] = {}
    for registry in registries(student.run.home):
        if registry.task == student.run.task or not (folder := registry.current()):
            continue
        try:
            other = registry.read(folder)
        except UsageError:
            continue
        if "adapter" in other.serve and _same_base(other, student):
            found[registry.task] = (registry.path / CURRENT / other.serve["adapter"]).absolute()
    return found


def _same_base(other: RegisteredStudent, student: StudentCandidate) -> bool:
    """By the fingerprint of the weights, which has that of a template of its own in it."""
    return bool(student.weights) and other.weights == student.weights
