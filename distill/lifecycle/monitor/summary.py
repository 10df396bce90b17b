"""The state of a monitor as a result for people and scripts, and calls that show a signal made fit to be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from distill.curate.gates.private import hidden
from distill.lifecycle.monitor.rates.answer_flags import why_dropped
from distill.lifecycle.monitor.rates.baseline import RateBound
from distill.lifecycle.monitor.rates.known_inputs import Count
from distill.lifecycle.monitor.rates.signals import FAR, SIGNALS
from distill.lifecycle.monitor.result import DayCalls, LoggedExample, WatchedSignal
from distill.lifecycle.monitor.sample.differing import student_said
from distill.lifecycle.monitor.state import MonitorState
from distill.stats import proportion

_LONGEST = 2_000


def watched(state: MonitorState, bounds: Sequence[RateBound], counts: Mapping[str, Count]) -> list[WatchedSignal]:
    """Every signal of which there is a call or a figure, in the order of `SIGNALS`."""
    limits = {one.signal: one for one in bounds}
    found = []
    for name, signal in SIGNALS.items():
        days = [day.signals[name] for day in state.days if name in day.signals and day.signals[name].rows]
        if not days:
            continue
        bound, own = limits.get(name), counts.get(name)
        found.append(WatchedSignal(
            name=name, title=signal.title, counts=signal.counts, own=proportion(own.hits, own.rows) if own else None,
            limit=bound.limit if bound else None, source=bound.source if bound else "", days=days,
            examples=state.examples.get(name, ()), alarms=state.raised.get(name, ()),
        ))  # fmt: skip
    return found


def day_calls(state: MonitorState) -> list[DayCalls]:
    """Calls by day."""
    return [DayCalls(one.day, one.calls, one.distinct) for one in state.days]


def examples(
    shown: Mapping[str, pl.DataFrame], gates: Mapping[str, Mapping[str, object]], floor: float
) -> dict[str, list[LoggedExample]]:
    """Signal → calls that show it; keys and personal data are hidden."""
    found = {}
    for name, calls in shown.items():
        whys = (
            why_dropped(calls, name, gates[name])
            if name in gates
            else [_why(name, row, floor) for row in calls.iter_rows(named=True)]
        )
        found[name] = [_example(row, why) for row, why in zip(calls.iter_rows(named=True), whys, strict=True)]
    return found


def teacher_examples(
    calls: pl.DataFrame, teacher: Mapping[str, str], differs: Mapping[str, bool], most: int = 6
) -> list[LoggedExample]:
    """Calls in which the teacher says something else, or better; `differs` says which."""
    rows = [row for row in calls.iter_rows(named=True) if differs.get(row["input"])]
    return [_example(row, f"the teacher: {teacher[row['input']]}") for row in rows[:most]]


def _why(name: str, row: Mapping[str, object], floor: float) -> str:
    if name == FAR:
        return f"nearness to the nearest training row {row['nearness']:.2f}, seeds have {floor:.2f} or more"
    return ""


def _example(row: Mapping[str, object], why: str) -> LoggedExample:
    said = student_said(str(row["answer"]), str(row["tool_calls"] or ""))
    return LoggedExample(f"{row['file']}:{row['line']}", _shown(str(row["input"])), _shown(said), _shown(why))


def _shown(text: str) -> str:
    plain = hidden(text[:_LONGEST], persons=True)
    return plain if len(text) <= _LONGEST else f"{plain}…"
