"""The student of a run, with what has to be said of it wherever it goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from distill.errors import UsageError
from distill.student.adapter import MODEL, PEFT

if TYPE_CHECKING:
    from distill.base_model.local import LocalWeights
    from distill.evaluate.comparison import Comparison
    from distill.records import Json
    from distill.rundir import RunDir
    from distill.task.task import Task


@dataclass(frozen=True, slots=True)
class TunedStudent:
    """A student that was tuned here: its base, what was tuned, and what the run says of it."""

    task: str
    run: str
    about: str
    base: str
    weights: LocalWeights
    tuned: Path
    """The folder of its adapter as peft reads it, or of the whole model where it is `full`."""
    prompt: tuple[tuple[str, str], ...]
    """(role, text) of the student's prompt, with its slots."""
    teacher: str
    terms: str
    schema: Json
    comparison: Comparison | None
    full: bool = False
    routing: tuple[Path, ...] = ()
    """The files that say from which confidence on its answers are taken; none where the run set no threshold."""

    @property
    def base_path(self) -> str:
        """The base as any folder's command finds it: its hub id, or where it lies on this machine."""
        return self.base if self.weights.on_the_hub else str(self.weights.path)


def tuned_student(task: Task, folder: RunDir) -> TunedStudent:
    """The student of a run; UsageError where it has none that is a file here."""
    train, weights = task.spec.student.train, task.base_weights
    full = train.with_ == "full"
    tuned = folder.path / "student" / (MODEL if full else PEFT)
    if weights is None:
        file = folder.path / "student" / f"{train.with_}.npz"
        one = f"its student is one file, {file}: copy it (docs/linear.md)"
        ends = {"linear": one, "embedding": one,
                "hosted": "its student is at the host, which serves it", "none": "nothing was trained"}  # fmt: skip
        raise UsageError(
            f"{folder.name} has no adapter to ship (student.train.with: {train.with_}): {ends[train.with_]}"
        )
    if not tuned.is_file():
        raise UsageError(
            f"{folder.name} has no {'model' if full else 'adapter'} yet; run `distill train {folder.name}` first"
        )
    return TunedStudent(
        task=folder.task, run=folder.name, about=task.spec.about, base=train.base, weights=weights, tuned=tuned.parent,
        prompt=task.student_prompt.turns, teacher=task.models,
        terms=task.spec.teacher.terms or "not stated", schema=task.output, comparison=_comparison(folder), full=full,
        routing=_routing(folder),
    )  # fmt: skip


def _routing(folder: RunDir) -> tuple[Path, ...]:
    """routing.json and the vectors that it names."""
    from distill.evaluate.selective import routing

    files = (folder.path / routing.FILE, folder.path / routing.VECTORS)
    return files if all(file.is_file() for file in files) else ()


def _comparison(folder: RunDir) -> Comparison | None:
    from distill.evaluate.comparison import Comparison
    from distill.rundir import read_result

    path = folder.path / "comparison.json"
    return read_result(path, Comparison) if path.is_file() else None
