"""Two students of two teachers, where no answer is known to be right: how far each agrees with either teacher, side by side.

    teacher      the new student    the previous student
    new          93 %               84 %
    previous     84 %               93 %

A student agrees most with the teacher that it learnt from, so agreement with the new one alone would make every new student "win".
Where both teachers say the same of every test row, they are one measure, and the two students are compared by it as usual.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from distill.evaluate.arms import Answers, rules_of
from distill.evaluate.evidence.clusters import clusters_of
from distill.evaluate.metrics.names import AGREEMENT
from distill.evaluate.previous.student import ARM, kept_answers
from distill.evaluate.scores import mean_of, scores_by_arm
from distill.evaluate.scoring.table import scores_table
from distill.stats import Estimate

if TYPE_CHECKING:
    from distill.rundir import RunDir
    from distill.task.task import Task


@dataclass(frozen=True, slots=True)
class TeacherAgreement:
    """How far each student agrees with one teacher on the test rows; None where nothing tells it."""

    teacher: str
    student: Estimate | None
    previous: Estimate | None


def other_teacher(answered: Mapping[str, Answers], earlier: RunDir, tests: pl.DataFrame) -> bool:
    """Whether the earlier run's teacher said anything else of a test row, or is not known to have said the same."""
    now, before = _texts(answered.get("teacher", ())), _texts(kept_answers(earlier, tests, "teacher"))
    both = now.keys() & before.keys()
    return not both or any(now[seed] != before[seed] for seed in both)


def by_teacher(
    task: Task, tests: pl.DataFrame, answered: Mapping[str, Answers], earlier: RunDir, metric: str
) -> list[TeacherAgreement]:
    """Both students by either teacher, the new one first; none where the metric needs no teacher, or one of the four is missing."""
    before = kept_answers(earlier, tests, "teacher")
    if not (
        against_teacher(metric) and before and answered.get(ARM) and answered.get("teacher") and answered.get("student")
    ):
        return []
    names = [task.models, str(earlier.manifest().get("teacher", "?"))]
    if names[0] == names[1]:
        names[1] += f" as {earlier.name} asked it"
    teachers = zip(names, (answered["teacher"], before), strict=True)
    return [_agreement(task, tests, answered, teacher, name, metric) for name, teacher in teachers]


def against_teacher(metric: str) -> bool:
    """Whether a metric holds answers against the teacher's own."""
    return metric.startswith(AGREEMENT)


def _agreement(
    task: Task, tests: pl.DataFrame, answered: Mapping[str, Answers], teacher: Answers, name: str, metric: str
) -> TeacherAgreement:
    asked = {"teacher": teacher, "student": answered["student"], ARM: answered[ARM]}
    scores = scores_by_arm(scores_table(task, tests, asked, rules_of(task, tests, asked)))
    by_arm, clusters = (scores.get((arm, metric), {}) for arm in ("student", ARM)), clusters_of(tests)
    return TeacherAgreement(name, *(mean_of(found, found, clusters) for found in by_arm))


def _texts(answers: Answers) -> dict[str, str]:
    return {seed: one.said for seed, one in answers if one is not None and one.ok}
