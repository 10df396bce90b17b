"""A look as a page that needs nothing else: rates by day beside what the run allows. All text on it is escaped, as in a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import date

from distill.lifecycle.logs.tally import REASONS
from distill.lifecycle.monitor.feedback import result
from distill.lifecycle.monitor.result import Monitored, WatchedSignal
from distill.report import page
from distill.report.charts import DayRate


def html(found: Monitored) -> str:
    """One self-contained page."""
    signals = sorted(found.signals, key=lambda one: not one.alarms)
    values: dict[str, object] = {one.name: getattr(found, one.name) for one in fields(found)}
    return page.other(
        "monitor.html.j2",
        values
        | {
            "signals": signals, "raised": [one for one in signals if one.alarms], "watched": sum(one.limit is not None for one in signals),
            "points": {one.name: _points(one) for one in signals}, "tops": {one.name: _top(one) for one in signals},
            "total": sum(day.calls for day in found.days), "distinct": sum(day.distinct for day in found.days), "REASONS": REASONS,
            "FEEDBACK_REASONS": result.REASONS,
        },
    )  # fmt: skip


def _points(signal: WatchedSignal) -> list[DayRate]:
    return [(date.fromisoformat(one.day).toordinal(), one.rate, one.alarm_at, one.alarm) for one in signal.days]


def _top(signal: WatchedSignal) -> float:
    """The highest value that the picture must show, and some room above it. A day of few calls that would need a high rate is cut off."""
    rates: Sequence[float] = [one.rate for one in signal.days]
    usual = sorted(one.alarm_at for one in signal.days if one.alarm_at is not None)
    shown = usual[len(usual) // 2] if usual else 0.0
    return min(1.0, max([*rates, signal.limit or 0.0, shown, 0.005]) * 1.15)
