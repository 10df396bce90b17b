"""Exams for people: one in full, or several as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from distill.exam.stop import exam_summary, stop_reason
from distill.money import shown
from distill.text.percentages import percent

if TYPE_CHECKING:
    from distill.exam.result import Exam, FieldScores
    from distill.stats import Estimate

_SHOWN = 100
"""Characters of an input or an answer."""


def exam_lines(exams: Sequence[Exam]) -> list[str]:
    """A table of all, and the details of each."""
    lines = _table(exams) if len(exams) > 1 else []
    for exam in exams:
        lines += ["", f"{exam.model}, {exam.prompt}"] if len(exams) > 1 else []
        lines += _details(exam)
    return lines


def _table(exams: Sequence[Exam]) -> list[str]:
    names = [f"{exam.model}, {exam.prompt}" for exam in exams]
    width = max(map(len, names))
    head = f"{'teacher, prompt':{width}}  {'right':>7}  {'95 % interval':>14}  {'itself':>6}  {'per 1,000':>10}  {'seconds':>7}"
    rows = [
        f"{name:{width}}  {_share(exam.teacher):>7}  {_interval(exam.teacher):>14}  {_share(exam.itself, 0):>6}  "
        f"{shown(exam.usd_per_1000):>10}  {_seconds(exam):>7}"
        for name, exam in zip(names, exams, strict=True)
    ]
    return [head, *rows]


def _details(exam: Exam) -> list[str]:
    lines = exam_summary(exam)
    if exam.unanswered:
        lines.append(f"{exam.unanswered} of {exam.rows} rows have no answer")
    lines.append(
        f"price {shown(exam.usd_per_1000)} per 1,000 answers, {_seconds(exam)} s each; {shown(exam.usd)} spent now"
    )
    lines += _by_field(exam.fields)
    if exam.strata:
        worst = (
            f"{one.stratum} {_share(one.teacher, 0)} ({_span(one.teacher)}) of {one.teacher.n}" for one in exam.strata
        )
        lines.append(f"worst strata: {', '.join(worst)}")
    for mistake in exam.mistakes:
        lines += [
            f"row {mistake.seed_id}: {_cut(mistake.input)}",
            f"  known {_cut(mistake.known)}",
            f"  said  {_cut(mistake.said)}",
        ]
    reason = stop_reason(exam, None)
    return [*lines, *([f"a run would stop here: {reason}"] if reason else [])]


def _by_field(fields: Sequence[FieldScores]) -> list[str]:
    """A line a field: what each gets right, in percent, with the 95 % interval."""
    if not fields:
        return []
    width = max(len("by field"), *(2 + len(one.field) for one in fields))
    head = f"{'by field':{width}}{'rows':>6}{'teacher':>21}{'commonest':>21}{'linear':>21}"
    return [head, *(f"{'  ' + one.field:{width}}{one.teacher.n:>6}{_scores(one)}" for one in fields)]


def _scores(field: FieldScores) -> str:
    found = (field.teacher, field.commonest, field.linear)
    return "".join(f"{'–' if one is None else f'{_share(one)} ({_span(one)})':>21}" for one in found)


def _span(estimate: Estimate) -> str:
    return f"{estimate.low * 100:.0f} to {estimate.high * 100:.0f}"


def _share(estimate: Estimate | None, places: int = 1) -> str:
    return "–" if estimate is None else percent(estimate.mean, places)


def _interval(estimate: Estimate | None) -> str:
    return "–" if estimate is None else f"{percent(estimate.low, 0)} to {percent(estimate.high, 0)}"


def _seconds(exam: Exam) -> str:
    return "–" if exam.seconds_p50 is None else f"{exam.seconds_p50:.2f}"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
