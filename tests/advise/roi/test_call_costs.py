"""Prices of calls and what was paid once, by source."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distill.advise.assumptions import quantity
from distill.advise.quantity import Quantity
from distill.advise.roi.call_costs import GivenPrices, cheap_call, paid_once, student_call, teacher_call
from distill.advise.roi.run_figures import ArmCalls, RunFigures
from distill.money import Rate
from distill.teacher.store.queries import SpenderTotals

TEACHER = ArmCalls([1000.0, 1200.0], [20.0, 30.0], [0.002, 0.004], [0.5, 0.7])
STUDENT = ArmCalls([100.0, 120.0], [20.0, 30.0], [None, None], [0.1, 0.1])
RUN = RunFigures("mood/001", "gpt-4o", "gpt-4o-mini", "hosted", {"teacher": TEACHER, "student": STUDENT})
HOUR = quantity("hosting_usd_an_hour", {})
PRICE = Rate(1.0, 10.0).usd


def student(run: RunFigures, prices: GivenPrices) -> Quantity:
    return student_call(run, prices, shorter=quantity("shorter_prompts", {}), factor=quantity("tuned_price_factor", {}))


def test_a_call_costs_what_was_paid_or_what_a_given_price_makes_of_its_tokens() -> None:
    paid, given = teacher_call(RUN, GivenPrices()), teacher_call(RUN, GivenPrices(teacher=PRICE))
    assert (paid.value, paid.source, paid.n) == (pytest.approx(0.003), "measured in this run", 2)
    assert (given.value, given.source) == (pytest.approx((1100 + 250) / 1e6), "given")


def test_an_unknown_price_is_unknown_and_never_nothing() -> None:
    """Of one call is enough: a mean of the others would be a guess."""
    unpriced = replace(RUN, arms={"teacher": replace(TEACHER, usd=[0.002, None])})
    assert teacher_call(unpriced, GivenPrices()).value is None
    assert "--teacher-price" in teacher_call(unpriced, GivenPrices()).note
    assert teacher_call(replace(RUN, arms={}), GivenPrices(teacher=PRICE)).value is None


def test_a_hosted_student_without_a_price_costs_twice_its_base() -> None:
    found = student(RUN, GivenPrices())
    assert found.source == "default"
    assert "2 × the price of gpt-4o-mini" in found.note
    base = student(RUN, GivenPrices(student=Rate(0.15, 0.6).usd))
    assert found.value == pytest.approx((base.value or 0) * 2)
    assert student(replace(RUN, base="org/unknown"), GivenPrices()).value is None


def test_a_student_that_answered_nothing_has_the_teachers_tokens_with_a_shorter_prompt() -> None:
    found = student(replace(RUN, arms={"teacher": TEACHER}), GivenPrices(student=PRICE))
    assert found.value == pytest.approx((0.6 * 1100 + 250) / 1e6)
    assert "40 % shorter" in found.note


def test_a_student_of_ones_own_is_paid_by_the_hour() -> None:
    found = student(replace(RUN, trained_with="lora"), GivenPrices())
    assert (found.value, found.source) == (0.0, "measured in this run")
    assert "paid by the hour" in found.note


def test_the_cheap_rival_is_an_arm_of_its_own_name_or_a_given_price() -> None:
    rivals = {"mini": ArmCalls([900.0], [20.0], [0.0002], [0.2]), "nano": ArmCalls([900.0], [20.0], [0.0001], [0.2])}
    found = cheap_call(replace(RUN, arms=RUN.arms | rivals), GivenPrices())
    assert (found.value, found.note) == (0.0001, "nano")
    assert cheap_call(RUN, GivenPrices()).value is None
    assert cheap_call(RUN, GivenPrices(cheap=PRICE)).value == pytest.approx((1100 + 250) / 1e6)


def test_the_ledger_is_sorted_into_its_parts() -> None:
    """The exam, labels and the teacher are data; arms beside the teacher are evaluation."""
    rows = [("teacher", 1.0), ("exam", 2.0), ("judge j", 4.0), ("training", 8.0), ("base", 16.0), ("student", 32.0)]
    ledger = [SpenderTotals(name, 1, 1, usd=usd) for name, usd in rows]
    found = {one.name: one.value for one in paid_once(replace(RUN, ledger=ledger), GivenPrices(), HOUR)}
    assert found == {"data": 3.0, "judging": 4.0, "training": 8.0, "evaluation": 48.0}


def test_unpriced_calls_make_their_part_unknown_until_it_is_given() -> None:
    run = replace(RUN, ledger=[SpenderTotals("teacher", 5, 5, unpriced=2)])
    data = paid_once(run, GivenPrices(), HOUR)[0]
    assert (data.value, data.source) == (None, "unknown")
    assert "2 of 5 calls" in data.note
    assert "--input data_usd" in data.note
    assert paid_once(run, GivenPrices(once={"data": 3.0}), HOUR)[0].value == 3.0


def test_a_training_here_costs_the_machines_hours() -> None:
    """1,800 s at $0.10 an hour; at a host without a line in the ledger it is unknown."""
    here = replace(RUN, trained_with="lora", train_seconds=1800.0)
    assert paid_once(here, GivenPrices(), HOUR)[2].value == pytest.approx(0.05)
    assert paid_once(replace(here, trained_with="hosted"), GivenPrices(), HOUR)[2].value is None
    assert paid_once(replace(here, train_seconds=None), GivenPrices(), HOUR)[2].value is None
