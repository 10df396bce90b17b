"""A look at logged calls in lines: what is raised first, then every signal beside the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distill.lifecycle.monitor.feedback.result import REASONS
from distill.text.percentages import percent

if TYPE_CHECKING:
    from distill.lifecycle.monitor.feedback.result import FeedbackFigures
    from distill.lifecycle.monitor.result import JudgedSample, Monitored, TeacherAsked, WatchedSignal
    from distill.stats import Estimate

_DAYS = 7
"""Days whose accuracy is shown; monitor.json and the page have all."""


def monitor_lines(found: Monitored) -> list[str]:
    """The alarms, the signals, what was read, and where the page is."""
    lines = [f"{found.task}: {found.student}, {_read(found)}"]
    lines += [f"ALARM  {alarm}" for alarm in found.alarms] or ["nothing is above what the run allows"]
    if found.signals:
        wide = max(len(one.title) for one in found.signals)
        lines += [
            "",
            f"  {'signal':{wide}}  {'last day':>9}  {'the run':>8}  {'allowed':>8}",
            *(_signal(one, wide) for one in found.signals),
        ]
    if found.feedback is not None:
        lines += ["", *feedback_lines(found.feedback)]
    if found.teacher is not None:
        lines += ["", teacher_line(found.teacher)]
    if found.harvest is not None:
        lines += ["", *(f"harvest: {said}" for said in found.harvest["said"])]
    lines += ["", *(f"note: {note}" for note in found.notes)] if found.notes else []
    return [*lines, f"page: {found.page}"]


def teacher_line(asked: TeacherAsked) -> str:
    """What the sample has shown."""
    cost = "an unknown sum" if asked.usd is None else f"${asked.usd:.4f}"
    said = f"teacher: {asked.asked:,} requests for {asked.rows:,} sampled calls, {cost}"
    if asked.judged is not None:
        return f"{said}; {_judged(asked.judged)}"
    if asked.differs is None:
        return f"{said}; no call could be compared"
    own = f"; on the run's test rows {percent(asked.own.mean)}" if asked.own else ""
    one = asked.differs
    return f"{said}; differs in {percent(one.mean)} ({percent(one.low)} to {percent(one.high)}, n = {one.n:,}){own}"


def _judged(found: JudgedSample) -> str:
    """What the judges said of the answers."""
    pairs = found.student_better + found.teacher_better + found.ties
    counts = f"the student's better in {found.student_better:,}, the teacher's in {found.teacher_better:,}, neither in {found.ties:,} of {pairs:,} pairs"
    own = f"; on the run's test rows the teacher's in {percent(found.own.mean)}" if found.own else ""
    unread = f"; {found.unread:,} without a verdict" if found.unread else ""
    return f"judged with {found.asked:,} more: {counts}{own}{unread}"


def feedback_lines(found: FeedbackFigures) -> list[str]:
    """How many of the calls that people judged were right, on the last days too, and what became of the rows of feedback."""
    lines = []
    if found.accuracy is not None:
        own = f"; on the run's test rows {_right(found.own)}" if found.own else ""
        lines.append(f"right by feedback: {_right(found.accuracy)}{own}")
        lines += [f"  {day.day}  {_right(day.right)}" for day in found.days[-_DAYS:]] if len(found.days) > 1 else []
    if found.rows:
        lines.append(f"feedback: {found.rows:,} {'row' if found.rows == 1 else 'rows'}: {', '.join(_became(found))}")
        lines += [f"  {_first(found, reason)}" for reason in found.dropped]
    if found.without_id:
        lines.append(f"  {found.without_id:,} new calls have no id, so no feedback can name them")
    return lines


def _became(found: FeedbackFigures) -> list[str]:
    """What became of the rows; the parts add up to them."""
    parts = (
        (found.new, "new"), (found.changed, "otherwise than before"), (found.again, "as before"),
        (found.superseded, "with a better word on the same call"), (sum(found.dropped.values()), "left out"),
    )  # fmt: skip
    said = [f"{count:,} {what}" for count, what in parts if count]
    return [*said, *([f"{found.earlier:,} of the new ones on calls of an earlier student"] if found.earlier else [])]


def _first(found: FeedbackFigures, reason: str) -> str:
    """A reason with the first row that was left out for it."""
    one = next(one for one in found.examples if one.reason == reason)
    return f"{found.dropped[reason]:,} {REASONS[reason]} (first {one.place}{f': {one.detail}' if one.detail else ''})"


def _right(found: Estimate) -> str:
    return f"{percent(found.mean)} ({percent(found.low)} to {percent(found.high)}, n = {found.n:,})"


def _read(found: Monitored) -> str:
    total = sum(day.calls for day in found.days)
    span = f" of {len(found.days)} days, {found.days[0].day} to {found.days[-1].day}" if found.days else ""
    return (
        f"{found.new_calls:,} new calls, {total:,} in all{span}"
        if found.new_calls
        else f"nothing new since {found.looked}, {total:,} calls{span}"
    )


def _signal(one: WatchedSignal, wide: int) -> str:
    own = percent(one.own.mean) if one.own else "-"
    limit = percent(one.limit) if one.limit is not None else "-"
    raised = f"  raised: {', '.join(one.alarms[-3:])}" if one.alarms else ""
    return f"  {one.title:{wide}}  {percent(one.days[-1].rate):>9}  {own:>8}  {limit:>8}{raised}"
