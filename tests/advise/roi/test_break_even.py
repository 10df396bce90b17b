"""The arithmetic, by hand."""

from __future__ import annotations

import pytest

from distill.advise.quantity import Quantity, unknown
from distill.advise.roi.break_even import (
    RivalCost,
    ServingCost,
    StudentCosts,
    break_even,
    cascade,
    point_worth,
    sensitivity,
    volume_for,
)

OWN = Quantity("student", 0.001, "$ a call", "given", low=0.0005, high=0.0015, n=100)
TEACHER = Quantity("teacher", 0.003, "$ a call", "given", low=0.002, high=0.004, n=100)
COSTS = StudentCosts(once=900.0, upkeep_a_day=5.0)


def test_days_are_what_was_paid_by_what_is_saved_a_day() -> None:
    """10,000 calls save $20 a day less $5: $900 are paid back after 60 days; between 900/30 and never (5 − 5 = 0)."""
    found = break_even("a", "b", own=OWN, rival=RivalCost(TEACHER), costs=COSTS, calls_a_day=10_000)
    assert (found.state, found.saving_a_day, found.days, found.calls) == (
        "pays",
        pytest.approx(15),
        pytest.approx(60),
        pytest.approx(600_000),
    )
    assert (found.low, found.high) == (pytest.approx(30), None)
    assert (found.own_per_1000, found.rival_per_1000) == (pytest.approx(1), pytest.approx(3))


def test_a_saving_of_nothing_never_pays() -> None:
    found = break_even("a", "b", own=OWN, rival=RivalCost(TEACHER), costs=COSTS, calls_a_day=2_500)
    assert (found.state, found.days, found.calls) == ("never", None, None)
    assert found.saving_a_day == pytest.approx(0)


@pytest.mark.parametrize(
    ("own", "rival", "costs"),
    [
        (unknown("s", "$", ""), RivalCost(TEACHER), COSTS),
        (OWN, RivalCost(unknown("t", "$", "")), COSTS),
        (OWN, RivalCost(TEACHER), StudentCosts(None, 5.0)),
        (OWN, RivalCost(TEACHER), StudentCosts(900.0, None)),
        (OWN, RivalCost(TEACHER), StudentCosts(900.0, 5.0, (ServingCost(None),))),
        (OWN, RivalCost(TEACHER, ServingCost(None)), COSTS),
    ],
)
def test_one_unknown_makes_the_result_unknown(own: Quantity, rival: RivalCost, costs: StudentCosts) -> None:
    found = break_even("a", "b", own=own, rival=rival, costs=costs, calls_a_day=10_000)
    assert (found.state, found.days, found.saving_a_day) == ("unknown", None, None)


def test_machines_come_whole_and_the_rivals_count_too() -> None:
    """A call takes 8.64 s: a machine does 10,000 a day."""
    mine = StudentCosts(0.0, 0.0, (ServingCost(2.4, 8.64),))
    assert [mine.machines(calls) for calls in (1, 10_000, 10_001, 25_000)] == [1, 1, 2, 3]
    free = Quantity("x", 0.0, "$ a call", "given")
    found = break_even(
        "a", "b", own=free, rival=RivalCost(free, ServingCost(2.4, 17.28)), costs=mine, calls_a_day=10_000
    )
    assert found.saving_a_day == pytest.approx(2.4)
    assert ServingCost().machines(1e9) == 0


def test_a_cascade_pays_the_student_always_and_the_teacher_for_the_rest() -> None:
    found = cascade(OWN, TEACHER, 0.75)
    assert (found.value, found.low, found.high) == pytest.approx((0.00175, 0.001, 0.0025))
    assert cascade(OWN, unknown("t", "$", ""), 0.75).value is None
    assert cascade(OWN, TEACHER, 1.0).value == OWN.value


def test_other_volumes_are_the_same_question() -> None:
    points = sensitivity(own=OWN, rival=RivalCost(TEACHER), costs=COSTS, calls_a_day=10_000)
    assert [(point.factor, point.state) for point in points] == [
        (0.25, "never"), (0.5, "pays"), (1.0, "pays"), (2.0, "pays"), (4.0, "pays"),
    ]  # fmt: skip
    assert points[1].days == pytest.approx(900 / 5)
    assert points[4].days == pytest.approx(900 / 75)


@pytest.mark.parametrize("serving", [(), (ServingCost(2.4, 8.64),)])
def test_the_least_volume_for_a_day_pays_by_then_and_one_less_does_not(serving: tuple[ServingCost, ...]) -> None:
    costs = StudentCosts(900.0, 5.0, serving)
    calls = volume_for(90, own=OWN, rival=RivalCost(TEACHER), costs=costs)
    assert calls is not None
    here, less = (
        break_even("", "", own=OWN, rival=RivalCost(TEACHER), costs=costs, calls_a_day=calls * part)
        for part in (1, 0.999)
    )
    assert here.days is not None
    assert here.days == pytest.approx(90, abs=1e-3)
    assert less.days is None or less.days > 90
    if not serving:
        assert calls == pytest.approx((900 / 90 + 5) / 0.002)


def test_no_volume_pays_where_the_student_is_the_more_expensive() -> None:
    assert volume_for(90, own=TEACHER, rival=RivalCost(OWN), costs=COSTS) is None
    assert volume_for(90, own=OWN, rival=RivalCost(unknown("t", "$", "")), costs=COSTS) is None


@pytest.mark.parametrize(
    ("gap", "saving", "pays_if", "bound"),
    [
        (-2.0, 10.0, "a point is worth less", (3650 - 900) / 365 / 2),
        (2.0, 1.0, "a point is worth more", (900 - 365) / 365 / 2),
        (2.0, 10.0, "always", None),
        (-2.0, 1.0, "never", None),
    ],
)
def test_a_point_is_set_off_against_the_money_of_the_first_year(
    gap: float, saving: float, pays_if: str, bound: float | None
) -> None:
    """1,000 calls a day: a year has 365 thousands of them."""
    found = point_worth(gap, saving_a_day=saving, once=900.0, calls_a_day=1000)
    assert found.pays_if == pays_if
    assert found.bound == (None if bound is None else pytest.approx(bound))
