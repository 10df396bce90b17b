"""A look at logged calls in lines: what is raised first, then every signal beside the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distill.text.percentages import percent

if TYPE_CHECKING:
    from distill.lifecycle.monitor.result import Monitored, TeacherAsked, WatchedSignal


def monitor_lines(found: Monitored) -> list[str]:
    """The alarms, the signals, what was read, and where the page is."""
    lines = [f"{found.task}: {found.student}, {_read(found)}"]
    lines += [f"ALARM  {alarm}" for alarm in found.alarms] or ["nothing is above what the run allows"]
    if found.signals:
        wide = max(len(one.title) for one in found.signals)
        lines += ["", f"  {'signal':{wide}}  {'last day':>9}  {'the run':>8}  {'allowed':>8}", *(_signal(one, wide) for one in found.signals)]
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
    if asked.differs is None:
        return f"{said}; no call could be compared"
    own = f"; on the run's test rows {percent(asked.own.mean)}" if asked.own else ""
    one = asked.differs
    return f"{said}; differs in {percent(one.mean)} ({percent(one.low)} to {percent(one.high)}, n = {one.n:,}){own}"


def _read(found: Monitored) -> str:
    total = sum(day.calls for day in found.days)
    span = f" of {len(found.days)} days, {found.days[0].day} to {found.days[-1].day}" if found.days else ""
    return f"{found.new_calls:,} new calls, {total:,} in all{span}" if found.new_calls else f"nothing new since {found.looked}, {total:,} calls{span}"


def _signal(one: WatchedSignal, wide: int) -> str:
    own = percent(one.own.mean) if one.own else "-"
    limit = percent(one.limit) if one.limit is not None else "-"
    raised = f"  raised: {', '.join(one.alarms[-3:])}" if one.alarms else ""
    return f"  {one.title:{wide}}  {percent(one.days[-1].rate):>9}  {own:>8}  {limit:>8}{raised}"
