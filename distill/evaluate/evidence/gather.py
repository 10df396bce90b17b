"""Gathers what a verdict rests on from the scores of the arms."""

from __future__ import annotations

from collections.abc import Mapping

from distill.evaluate.evidence.ceiling import ExamMarks, TeacherCeiling, ceiling_of
from distill.evaluate.evidence.seen import Evidence
from distill.evaluate.metrics.names import BY_TEACHER
from distill.evaluate.scores import (
    Scores,
    both_have,
    mean_of,
    paired,
    paired_gap,
    right_of,
    rows_to_decide,
    student_mean,
)
from distill.stats import Estimate


def evidence_of(
    scores: Scores, metric: str, margin: float, *, kind: str, rows: tuple[int, int], tokens: Mapping[str, float], prompted: str,
    clusters: Mapping[str, str],
) -> Evidence:  # fmt: skip
    """`rows` are the test rows that the metric can judge, and those that it cannot; `tokens` are those of an arm's call; `prompted` is the
    arm of the prompted base.
    """
    both = both_have(scores, metric, "teacher")
    student, teacher = paired(scores, metric, "teacher")
    return Evidence(
        metric=metric,
        kind=kind,
        margin=margin,
        rows=rows[0],
        beyond=rows[1],
        student=student_mean(scores, metric, both, clusters),
        teacher=mean_of(scores.get(("teacher", metric), {}), both, clusters),
        to_teacher=paired_gap(scores, metric, "teacher", clusters),
        to_base=paired_gap(scores, metric, "base", clusters),
        to_prompted=paired_gap(scores, metric, prompted, clusters),
        to_linear=paired_gap(scores, metric, "linear", clusters),
        teacher_is_base=prompted == "teacher",
        tokens_student=tokens.get("student", 0.0),
        tokens_prompted=tokens.get(prompted, 0.0),
        rows_needed=rows_to_decide(scores, metric, "teacher", margin, clusters),
        rows_for_gain=rows_to_decide(scores, metric, "base", 0.0, clusters),
        differing=sum(a != b for a, b in zip(student, teacher, strict=True)),
        agreement=_agreement_beside(scores, metric, clusters),
        known=_few_known(scores, metric, clusters),
    )


def _agreement_beside(scores: Scores, metric: str, clusters: Mapping[str, str]) -> Estimate | None:
    beside = BY_TEACHER.get(metric, "")
    return mean_of(scores.get(("student", beside), {}), both_have(scores, beside, "teacher"), clusters)


def _few_known(scores: Scores, metric: str, clusters: Mapping[str, str]) -> tuple[Estimate, Estimate] | None:
    """Student and teacher on the rows with a known answer, where these are too few to carry the verdict."""
    beside = right_of(scores, metric) if metric in BY_TEACHER.values() else ""
    known = both_have(scores, beside, "teacher")
    student, teacher = (mean_of(scores.get((arm, beside), {}), known, clusters) for arm in ("student", "teacher"))
    return (student, teacher) if student and teacher else None


def ceiling(scores: Scores, metric: str, clusters: Mapping[str, str], marks: ExamMarks) -> TeacherCeiling | None:
    """The student beside what its teacher can do, where `metric` carries the verdict; `marks` are the teacher's in its exam."""
    right = right_of(scores, metric)
    known = both_have(scores, right, "teacher")
    student, teacher = (mean_of(scores.get((arm, right), {}), known, clusters) for arm in ("student", "teacher"))
    agreement = scores.get(("student", BY_TEACHER.get(right, "agreement")), {})
    return ceiling_of(marks, agreement=mean_of(agreement, agreement, clusters), student=student, teacher=teacher)
