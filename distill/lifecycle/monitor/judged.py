"""The new counts of a look held against the bounds: evidence grows day by day, and a signal whose evidence is enough is raised.

After an alarm the evidence of a signal begins anew: what goes on is raised again, and what ended is not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from distill.lifecycle.monitor.days import DayCounts
from distill.lifecycle.monitor.rates.baseline import RateBound
from distill.lifecycle.monitor.rates.evidence import SignalEvidence, after, hits_to_alarm
from distill.lifecycle.monitor.rates.signals import SIGNALS
from distill.lifecycle.monitor.result import SignalDay
from distill.lifecycle.monitor.state import MonitorState, StoredDay
from distill.text.percentages import percent


@dataclass(frozen=True, slots=True)
class NewAlarm:
    """A signal that was raised by the calls of a day."""

    signal: str
    day: str
    hits: int
    rows: int


def judged(
    state: MonitorState, new: Mapping[str, DayCounts], bounds: Sequence[RateBound]
) -> tuple[MonitorState, list[NewAlarm]]:
    """The state with the new counts, and what is raised by them."""
    days, evidence = {one.day: one for one in state.days}, dict(state.evidence)
    alarms = list[NewAlarm]()
    for day, counts in sorted(new.items()):
        before = days.get(day, StoredDay(day, 0, 0, {}))
        signals = {name: _added(before.signals.get(name), day, *found) for name, found in counts.signals.items()}
        for bound in bounds:
            hits, rows = counts.signals.get(bound.signal, (0, 0))
            if rows:
                held = evidence.get(bound.signal, SignalEvidence())
                evidence[bound.signal], raised, least = _held(held, bound, day, hits, rows)
                signals[bound.signal] = replace(
                    signals[bound.signal], alarm_at=least, alarm=signals[bound.signal].alarm or raised
                )
                alarms += [NewAlarm(bound.signal, day, hits, rows)] if raised else []
        days[day] = StoredDay(
            day, before.calls + counts.calls, before.distinct + counts.distinct, {**before.signals, **signals}
        )
    return replace(state, days=[days[day] for day in sorted(days)], evidence=evidence), alarms


def alarm_sentence(alarm: NewAlarm, bound: RateBound) -> str:
    """What was raised, for people."""
    share, most = percent(alarm.hits / alarm.rows), percent(bound.limit)
    against = (
        f"the limit is {most}"
        if bound.source == "spec"
        else f"the run had {bound.hits:,} of {bound.rows:,}, which allows {most}"
    )
    return f"{SIGNALS[alarm.signal].title}: {share} of {alarm.rows:,} calls of {alarm.day} ({alarm.hits:,}); {against}"


def _held(
    evidence: SignalEvidence, bound: RateBound, day: str, hits: int, rows: int
) -> tuple[SignalEvidence, bool, float | None]:
    """(the evidence after these rows, whether it is enough, the rate from which on it would have been)."""
    least = hits_to_alarm(evidence, day=day, n=rows, bound=bound.limit, level=bound.level)
    found = after(evidence, day=day, x=hits, n=rows, bound=bound.limit)
    raised = found.log >= -math.log(bound.level)
    return (SignalEvidence() if raised else found), raised, None if least is None else least / rows


def _added(before: SignalDay | None, day: str, hits: int, rows: int) -> SignalDay:
    if before is None:
        return SignalDay(day, hits, rows, None, alarm=False)
    return replace(before, hits=before.hits + hits, rows=before.rows + rows)
