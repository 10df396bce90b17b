"""Is the student worth its price? Every input with its source, break-even against each rival, and what would change the answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from distill.advise.assumptions import ASSUMPTIONS, quantity
from distill.advise.quantity import Quantity, Source, mean_of, unknown
from distill.advise.roi.break_even import (
    BreakEven,
    PointWorth,
    RivalCost,
    ServingCost,
    StudentCosts,
    VolumePoint,
    break_even,
    cascade,
    point_worth,
    sensitivity,
    volume_for,
)
from distill.advise.roi.by_day import hosting as hosting_of
from distill.advise.roi.by_day import seconds as seconds_of
from distill.advise.roi.by_day import teachers_machine
from distill.advise.roi.by_day import upkeep as upkeep_of
from distill.advise.roi.call_costs import GivenPrices, cheap_call, paid_once, student_call, teacher_call
from distill.advise.roi.run_figures import RunFigures

ALONE, CASCADE = "student alone", "student first, the rest to the teacher"


@dataclass(frozen=True, slots=True)
class RoiRequest:
    """What is given; all that is not is measured or a default. `assumptions` are by the names of ASSUMPTIONS."""

    assumptions: Mapping[str, float | None] = field(default_factory=dict)
    calls_a_day: float | None = None
    coverage: float | None = None
    prices: GivenPrices = field(default_factory=GivenPrices)


@dataclass(frozen=True, slots=True)
class Quality:
    """The student's points over the teacher, and what a point is or must be worth; `bounds` at the mean and at both ends."""

    metric: str
    points: float
    low: float
    high: float
    n: int
    worth: PointWorth | None
    """None where a cost is unknown."""
    worth_low: PointWorth | None
    worth_high: PointWorth | None


@dataclass(frozen=True, slots=True)
class Roi:
    """The whole answer. `sensitivity`, `quality` and `volume_for_target` are of the student alone against the teacher."""

    run: str
    inputs: list[Quantity]
    once: Quantity
    upkeep_a_day: Quantity
    hosting_a_day: Quantity
    results: list[BreakEven]
    sensitivity: list[VolumePoint]
    target_days: float
    volume_for_target: float | None
    quality: Quality | None
    unknowns: list[str]
    """What is not known, and which option gives it."""


def roi(run: RunFigures, asked: RoiRequest) -> Roi:
    """The sum of a run. Nothing is sent and nothing is written."""
    assumed = {name: quantity(name, asked.assumptions) for name in ASSUMPTIONS}
    each = _calls(run, asked, assumed)
    parts = paid_once(run, asked.prices, assumed["hosting_usd_an_hour"])
    people = _product("people", "$", assumed["hours"], assumed["hourly_usd"])
    once, upkeep = _sum("paid once", [*parts, people]), upkeep_of(parts, assumed)
    hosting = hosting_of(run, asked.prices, assumed["hosting_usd_an_hour"])
    seconds, machine = seconds_of(run, hosting), assumed["hosting_usd_an_hour"]
    costs = StudentCosts(once.value, upkeep.value, (ServingCost(hosting.value, seconds.value or 0.0),))
    teacher = RivalCost(each.teacher, teachers_machine(run, asked.prices, machine))
    calls = _calls_a_day(run, asked.calls_a_day, assumed["prompt_tokens_a_day"])
    many, target = calls.value or 0.0, assumed["target_days"].value or math.inf
    inputs = [
        each.teacher,
        each.cheap,
        each.student,
        *_tokens(run),
        calls,
        each.coverage,
        seconds,
        *parts,
        people,
        *assumed.values(),
    ]
    return Roi(
        run=run.run, inputs=inputs, once=once, upkeep_a_day=upkeep, hosting_a_day=hosting,
        results=_results(each, teacher, costs, many) if many else [],
        sensitivity=sensitivity(own=each.student, rival=teacher, costs=costs, calls_a_day=many) if many else [],
        target_days=target, volume_for_target=volume_for(target, own=each.student, rival=teacher, costs=costs),
        quality=_quality(run, each.student, teacher, costs, many), unknowns=[f"{one.name}: {one.note}" for one in inputs if one.source == "unknown"],
    )  # fmt: skip


class _Calls(NamedTuple):
    """Dollars a call of each way to answer, and the coverage of the cascade."""

    teacher: Quantity
    cheap: Quantity
    student: Quantity
    mixed: Quantity
    coverage: Quantity


def _calls(run: RunFigures, asked: RoiRequest, assumed: Mapping[str, Quantity]) -> _Calls:
    teacher, coverage = teacher_call(run, asked.prices), _coverage(run, asked.coverage)
    shorter, factor = assumed["shorter_prompts"], assumed["tuned_price_factor"]
    student = student_call(run, asked.prices, shorter=shorter, factor=factor)
    mixed = unknown("cascade", "$ a call", coverage.note)
    if coverage.value is not None:
        mixed = cascade(student, teacher, coverage.value)
    return _Calls(teacher, cheap_call(run, asked.prices), student, mixed, coverage)


def _results(each: _Calls, teacher: RivalCost, costs: StudentCosts, calls: float) -> list[BreakEven]:
    rest = 1 - (each.coverage.value or 0.0)
    share = ServingCost(teacher.serving.machine_a_day, teacher.serving.seconds_a_call * rest)
    both = replace(costs, serving=(*costs.serving, share))
    return [
        break_even(way, against, own=own, rival=rival, costs=paid, calls_a_day=calls)
        for way, own, paid in ((ALONE, each.student, costs), (CASCADE, each.mixed, both))
        for against, rival in (("prompted teacher", teacher), ("prompted cheap model", RivalCost(each.cheap)))
    ]


def _tokens(run: RunFigures) -> list[Quantity]:
    """Tokens of a call, with their intervals, of the two that matter most."""
    return [
        mean_of(f"{arm}: {what} tokens", values, "tokens a call", "" if calls else "it answered no test row in this run")
        for arm in ("teacher", "student")
        for calls in [run.arms.get(arm)]
        for what, values in (
            ("prompt", calls.prompt_tokens if calls else ()), ("completion", calls.completion_tokens if calls else ())
        )
    ]  # fmt: skip


def _calls_a_day(run: RunFigures, given: float | None, prompts: Quantity) -> Quantity:
    if given is not None:
        return Quantity("calls a day", given, "calls a day", "given")
    each = mean_of("", run.arms["teacher"].prompt_tokens if "teacher" in run.arms else [], "tokens").value
    if not each or prompts.value is None:
        return unknown("calls a day", "calls a day", "give --input calls_a_day=…")
    note = f"{prompts.value:,.0f} prompt tokens a day ({prompts.source}) of {each:,.0f} a call; --input calls_a_day=… gives it"
    return Quantity("calls a day", prompts.value / each, "calls a day", prompts.source, note)


def _coverage(run: RunFigures, given: float | None) -> Quantity:
    if run.coverage is not None and given is None:
        return Quantity(
            "coverage", run.coverage, "share", "measured in this run", "rows that the student answers itself"
        )
    if given is None:
        return unknown("coverage", "share", "no selective part in this run's comparison.json; give --input coverage=…")
    return Quantity("coverage", given, "share", "given", "rows that the student answers itself")


def _product(name: str, unit: str, one: Quantity, other: Quantity) -> Quantity:
    value = (one.value or 0.0) * (other.value or 0.0)
    source: Source = one.source if one.source == other.source else "default"
    return Quantity(name, value, unit, source, f"{one.value:g} {one.unit} at ${other.value:g} an hour")


def _sum(name: str, parts: Sequence[Quantity]) -> Quantity:
    """Unknown where a part is; else a default where one is."""
    missing = [one.name for one in parts if one.value is None]
    if missing:
        return unknown(name, "$", f"without {', '.join(missing)} there is no sum")
    source: Source = "default" if any(one.source == "default" for one in parts) else "measured in this run"
    return Quantity(
        name, math.fsum(one.value or 0.0 for one in parts), "$", source, " + ".join(one.name for one in parts)
    )


def _quality(
    run: RunFigures, student: Quantity, teacher: RivalCost, costs: StudentCosts, calls: float
) -> Quality | None:
    gap, once = run.gap, costs.once
    if gap is None:
        return None
    saving = None
    if calls:
        saving = break_even(ALONE, "", own=student, rival=teacher, costs=costs, calls_a_day=calls).saving_a_day

    def worth(points: float) -> PointWorth | None:
        if saving is None or once is None:
            return None
        return point_worth(points * 100, saving_a_day=saving, once=once, calls_a_day=calls)

    return Quality(
        gap.metric,
        gap.mean * 100,
        gap.low * 100,
        gap.high * 100,
        gap.n,
        worth(gap.mean),
        worth(gap.low),
        worth(gap.high),
    )
