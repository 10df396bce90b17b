"""When a student has paid for itself: pure arithmetic over costs that others have measured or given.

    days = once / (calls a day × (rival's dollars a call − own dollars a call) − hosting a day − upkeep a day)

`once` is what the run has cost: data, judging, training, evaluation, hours of people. Where the calls' costs are intervals so are
the days: the best case has the dearest rival and the cheapest student. An unknown cost makes the result unknown, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from distill.advise.quantity import Quantity

FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Of the calls a day, in the table of sensitivity."""
_DAY_S = 86_400.0
YEAR_DAYS = 365.0
_MOST_CALLS = 1e10

Paying = Literal["pays", "never", "unknown"]


class ServingCost(NamedTuple):
    """Machines of one's own that answer, paid by the day; nothing where a host charges by the token."""

    machine_a_day: float | None = 0.0
    """Dollars; None is unknown."""
    seconds_a_call: float = 0.0
    """By which one machine is full."""

    def machines(self, calls: float) -> int:
        return max(1, math.ceil(calls * self.seconds_a_call / _DAY_S)) if self.machine_a_day != 0.0 else 0

    def usd_a_day(self, calls: float) -> float | None:
        return None if self.machine_a_day is None else self.machines(calls) * self.machine_a_day


@dataclass(frozen=True, slots=True)
class StudentCosts:
    """What a way of answering with the student costs beside its calls. Dollars; None is unknown."""

    once: float | None
    upkeep_a_day: float | None
    """Retraining and repairs."""
    serving: Sequence[ServingCost] = ()
    """The student's machines; in a cascade the teacher's too, where it has some."""

    def fixed_a_day(self, calls: float) -> float | None:
        """Upkeep and as many machines as so many calls a day need."""
        parts = [self.upkeep_a_day, *(one.usd_a_day(calls) for one in self.serving)]
        return math.fsum(one for one in parts if one is not None) if None not in parts else None

    def machines(self, calls: float) -> int:
        return sum(one.machines(calls) for one in self.serving)


class RivalCost(NamedTuple):
    """What answers otherwise: its price of a call in dollars, and its machines."""

    call: Quantity
    serving: ServingCost = ServingCost()


@dataclass(frozen=True, slots=True)
class BreakEven:
    """One way to answer against one rival. `low` and `high` are of the days; `high` is None where the worst case never pays."""

    way: str
    against: str
    state: Paying
    own_per_1000: float | None
    """Dollars of 1,000 calls, without what is paid by the day."""
    rival_per_1000: float | None
    saving_a_day: float | None
    days: float | None
    calls: float | None
    low: float | None
    high: float | None


def break_even(
    way: str, against: str, *, own: Quantity, rival: RivalCost, costs: StudentCosts, calls_a_day: float
) -> BreakEven:
    """`own` is dollars a call."""
    fixed, theirs, once = costs.fixed_a_day(calls_a_day), rival.serving.usd_a_day(calls_a_day), costs.once
    blank = BreakEven(way, against, "unknown", _thousand(own), _thousand(rival.call), None, None, None, None, None)
    ends, other = own.interval, rival.call.interval
    if own.value is None or rival.call.value is None or fixed is None or theirs is None or once is None:
        return blank
    if ends is None or other is None:
        return blank
    by_day = fixed - theirs
    saving = (rival.call.value - own.value) * calls_a_day - by_day
    days = _days(once, saving)
    return replace(
        blank, state="never" if days is None else "pays", saving_a_day=saving, days=days,
        calls=None if days is None else days * calls_a_day,
        low=_days(once, (other[1] - ends[0]) * calls_a_day - by_day),
        high=_days(once, (other[0] - ends[1]) * calls_a_day - by_day),
    )  # fmt: skip


def cascade(student: Quantity, teacher: Quantity, coverage: float) -> Quantity:
    """Dollars a call where the student answers first and the share that it does not cover goes to the teacher."""
    if student.value is None or teacher.value is None:
        return replace(student, name="cascade", value=None, low=None, high=None, source="unknown")
    rest = 1.0 - coverage
    (student_low, student_high), (teacher_low, teacher_high) = student.interval or (0, 0), teacher.interval or (0, 0)
    return replace(
        student, name="cascade", value=student.value + rest * teacher.value, low=student_low + rest * teacher_low,
        high=student_high + rest * teacher_high,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class VolumePoint:
    """The same question at another volume."""

    factor: float
    calls_a_day: float
    machines: int
    saving_a_day: float | None
    days: float | None
    low: float | None
    high: float | None
    state: Paying


def sensitivity(
    *, own: Quantity, rival: RivalCost, costs: StudentCosts, calls_a_day: float, factors: Sequence[float] = FACTORS
) -> list[VolumePoint]:
    """Break-even at fractions and multiples of the volume."""
    points = []
    for factor in factors:
        calls = calls_a_day * factor
        found = break_even("", "", own=own, rival=rival, costs=costs, calls_a_day=calls)
        points.append(
            VolumePoint(
                factor, calls, costs.machines(calls), found.saving_a_day, found.days, found.low, found.high, found.state
            )
        )
    return points


def volume_for(days: float, *, own: Quantity, rival: RivalCost, costs: StudentCosts) -> float | None:
    """The least calls a day that pay within so many days; None where no volume does, or something is unknown.

    Machines come whole, so more calls may save less for a while: volumes are doubled until one pays, and halved from there.
    """

    def pays(calls: float) -> bool | None:
        found = break_even("", "", own=own, rival=rival, costs=costs, calls_a_day=calls)
        return None if found.state == "unknown" else found.days is not None and found.days <= days

    high = 1.0
    while not (enough := pays(high)):
        if enough is None or high > _MOST_CALLS:
            return None
        high *= 2
    low = high / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if pays(middle) else (middle, high)
    return high


@dataclass(frozen=True, slots=True)
class PointWorth:
    """What a point of quality may, or must, be worth: dollars per 1,000 calls, over the first year."""

    gap: float
    """Points of the student over the teacher."""
    net_per_1000: float
    """Saved in the first year, less all that was paid once."""
    bound: float | None
    """Dollars a point; None where no worth of a point changes the answer."""
    pays_if: Literal["a point is worth less", "a point is worth more", "always", "never"]


def point_worth(gap_points: float, *, saving_a_day: float, once: float, calls_a_day: float) -> PointWorth:
    """`gap_points` is student minus teacher; quality and money are set off against each other."""
    calls = calls_a_day * YEAR_DAYS
    net = (saving_a_day * YEAR_DAYS - once) / calls * 1000
    if net >= 0 and gap_points >= 0:
        return PointWorth(gap_points, net, None, "always")
    if net <= 0 and gap_points <= 0:
        return PointWorth(gap_points, net, None, "never")
    return PointWorth(
        gap_points, net, abs(net / gap_points), "a point is worth less" if gap_points < 0 else "a point is worth more"
    )


def _days(once: float, saving: float) -> float | None:
    return once / saving if saving > 0 else None


def _thousand(each: Quantity) -> float | None:
    return None if each.value is None else each.value * 1000
