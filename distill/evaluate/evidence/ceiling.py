"""The teacher's ceiling: what nobody who learns from it can be expected to pass, and the student as a share of it.

Agreement and correctness are two things, and never one number: a student may agree with every mistake. The ceilings come from the exam,
whose rows are no test rows; the shares of what is known to be right are of the test rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from distill.evaluate.metrics.names import of_text
from distill.rundir import RunDir, read_json
from distill.stats import Estimate
from distill.stats.ratio import ratio
from distill.text.from_json import from_json
from distill.text.percentages import percent

EXAM = "exam.json"
"""Of a run's folder, as `distill.exam` writes it."""


@dataclass(frozen=True, slots=True)
class ExamMarks:
    """What an exam says of the teacher, each None where it does not."""

    itself: Estimate | None = None
    """Agreement of its second answer with its first."""
    teacher: Estimate | None = None
    """Share of the known answers that it has right."""


@dataclass(frozen=True, slots=True)
class TeacherCeiling:
    """The student beside what its teacher can do; None where that was not measured."""

    itself: Estimate | None
    correct: Estimate | None
    """On the rows of the exam."""
    of_itself: Estimate | None
    """The student's agreement with the teacher, over the teacher's with itself."""
    of_correct: Estimate | None
    """What the student has right of the known answers of the test rows, over what the teacher has."""


def read_marks(folder: RunDir) -> ExamMarks:
    """Of the exam of a run; empty where none was taken."""
    path = folder / EXAM
    found = read_json(path, dict) if path.exists() else {}
    if of_text(str(found.get("metric", ""))):
        found = {**found, "teacher": None}  # likeness to the known answers is no share that is right
    return from_json(ExamMarks, found)


def ceiling_of(
    marks: ExamMarks, *, agreement: Estimate | None, student: Estimate | None, teacher: Estimate | None
) -> TeacherCeiling | None:
    """`agreement` is the student's with the teacher; `student` and `teacher` are right so often on the test rows with a known answer."""
    found = TeacherCeiling(
        itself=marks.itself,
        correct=marks.teacher,
        of_itself=_share(agreement, marks.itself),
        of_correct=_share(student, teacher),
    )
    return found if any((found.itself, found.correct, found.of_correct)) else None


def sentences(found: TeacherCeiling | None) -> list[str]:
    """The student as a share of both ceilings; nothing where the rows are too few."""
    if found is None:
        return []
    said = []
    if found.itself and found.of_itself:
        said.append(
            f"Asked twice, the teacher agrees with itself in {percent(found.itself.mean, 0)} (n = {found.itself.n}); the student's agreement "
            f"with it is {_told(found.of_itself)} of that."
        )
    if found.of_correct:
        said.append(
            f"Of the known answers of the test rows, the student has {_told(found.of_correct)} as much right as the teacher."
        )
    return said


def _share(part: Estimate | None, whole: Estimate | None) -> Estimate | None:
    if part is None or whole is None or part.small or whole.small:
        return None
    return ratio(part, whole)


def _told(share: Estimate) -> str:
    return f"{percent(share.mean, 0)} ({percent(share.low, 0)} to {percent(share.high, 0)})"
