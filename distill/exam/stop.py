"""Whether an exam stops a run before the bulk is paid for, and the words of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distill.text.percentages import percent, signed

if TYPE_CHECKING:
    from distill.exam.result import Exam

_WAY_ON = (
    "Change the teacher or its prompt (`distill exam` compares several), correct the known answers, or go on all the same "
    "with --anyway; nothing that was paid is lost"
)


def exam_summary(exam: Exam) -> list[str]:
    """One line, or two: what it got, and what it is held against."""
    if exam.teacher is None:
        return [
            f"exam: {exam.model} was asked {exam.rows} rows with a known answer, and none is scored: {exam.why_unscored}"
        ]
    beside = [("the commonest answer", exam.commonest), (f"a linear model of {exam.linear_rows} others", exam.linear)]
    others = ", ".join(f"{name} {percent(one.mean)}" for name, one in beside if one)
    ceiling = (
        f"; it agrees with itself in {percent(exam.itself.mean, 0)} of {exam.itself.n} rows asked twice"
        if exam.itself
        else ""
    )
    return [
        f"exam: {exam.model} has {percent(exam.teacher.mean)} {_right(exam)} ({percent(exam.teacher.low, 0)} to "
        f"{percent(exam.teacher.high, 0)}) on {exam.teacher.n} rows with a known answer{ceiling}",
        *([f"exam: {exam.caution}"] if exam.likeness else []),
        *([f"exam: {others}"] if others else []),
    ]


def _right(exam: Exam) -> str:
    """What a score is a share of: "right" where answers are compared as values."""
    return "right" if exam.metric == "json_fields" else exam.measure


def stop_reason(exam: Exam, at_least: float | None) -> str:
    """Why a run should not go on; empty where it may. An exam of a few rows, below 20, and one of likeness stop by `at_least` alone."""
    if exam.teacher is None:
        return ""
    got = f"{percent(exam.teacher.mean)} ({percent(exam.teacher.low, 0)} to {percent(exam.teacher.high, 0)}, {exam.teacher.n} rows)"
    what = "of the known answers right" if exam.metric == "json_fields" else exam.measure
    if at_least is not None and exam.teacher.mean < at_least:
        return f"{exam.model} got {got} {what}, and teacher.exam.at_least is {percent(at_least)}. {_WAY_ON}."
    gap = exam.over_commonest
    if gap is None or gap.small or gap.mean > 0 or exam.commonest is None:
        return ""
    return (
        f"{exam.model} got {got} {what}, and the commonest answer to everything gets "
        f"{percent(exam.commonest.mean)}: {signed(gap.mean)} points ({signed(gap.low)} to {signed(gap.high)}). {_WAY_ON}."
    )
