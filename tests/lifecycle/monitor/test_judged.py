"""New counts against the bounds."""

from __future__ import annotations

from distill.lifecycle.monitor.days import DayCounts
from distill.lifecycle.monitor.judged import alarm_sentence, judged
from distill.lifecycle.monitor.rates.baseline import RateBound
from distill.lifecycle.monitor.state import MonitorState

SCHEMA = RateBound("schema", 1, 200, 0.04, 0.0003, "run")


def day(hits: int, rows: int = 2000) -> DayCounts:
    return DayCounts(rows, rows, {"schema": [hits, rows], "echo": [rows, rows]})


def test_only_what_has_a_bound_is_raised() -> None:
    """`echo` is in every call, and nothing says how often it may be."""
    _, alarms = judged(MonitorState("mood/001"), {"2026-11-01": day(200)}, [SCHEMA])
    assert [(one.signal, one.day, one.hits) for one in alarms] == [("schema", "2026-11-01", 200)]


def test_an_alarm_that_goes_on_is_raised_again_and_one_that_ended_is_not() -> None:
    state, raised = MonitorState("mood/001"), list[bool]()
    for number, hits in enumerate((2, 200, 200, 2, 2)):
        state, alarms = judged(state, {f"2026-11-{number + 1:02d}": day(hits)}, [SCHEMA])
        raised.append(bool(alarms))
    assert raised == [False, True, True, False, False]


def test_days_of_two_looks_add_up() -> None:
    state, _ = judged(MonitorState("mood/001"), {"2026-11-01": day(3, 100)}, [SCHEMA])
    state, _ = judged(state, {"2026-11-01": day(1, 50)}, [SCHEMA])
    (only,) = state.days
    assert (only.calls, only.distinct, only.signals["schema"].hits, only.signals["schema"].rows) == (150, 150, 4, 150)


def test_a_small_excess_of_every_day_is_raised_in_time() -> None:
    """No day by itself is enough."""
    state, when = MonitorState("mood/001"), None
    for number in range(28):
        state, alarms = judged(state, {f"2026-11-{number + 1:02d}": day(55, 1000)}, [SCHEMA])
        when = when if when is not None or not alarms else number
    assert when is not None
    assert when > 0


def test_the_sentence_says_what_the_run_had() -> None:
    _, (alarm,) = judged(MonitorState("mood/001"), {"2026-11-01": day(200)}, [SCHEMA])
    assert (
        alarm_sentence(alarm, SCHEMA)
        == "Schema failures: 10.0 % of 2,000 calls of 2026-11-01 (200); the run had 1 of 200, which allows 4.0 %"
    )
