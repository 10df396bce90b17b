"""When an exam stops a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distill.exam.result import Exam
from distill.exam.stop import exam_summary, stop_reason
from distill.stats import Estimate


def exam(**given: object) -> Exam:
    base = Exam(
        model="m", prompt="teacher.md", known=200, rows=40, unanswered=0, kind="fields", teacher=Estimate(0.5, 0.4, 0.6, 40),
        commonest=Estimate(0.3, 0.2, 0.4, 40), linear=None, linear_rows=0, over_commonest=Estimate(0.2, 0.1, 0.3, 40),
        over_linear=None, itself=None, fields=[], strata=[], mistakes=[], calls=40, usd=0.0, usd_per_1000=0.0, seconds_p50=1.0,
    )  # fmt: skip
    return replace(base, **given)  # type: ignore[arg-type]  # each test names fields of the class


def test_a_teacher_that_is_better_than_the_commonest_answer_goes_on() -> None:
    assert stop_reason(exam(), None) == ""


@pytest.mark.parametrize("gap", [0.0, -0.1])
def test_one_that_is_not_stops_with_the_sums_and_the_way_on(gap: float) -> None:
    reason = stop_reason(exam(over_commonest=Estimate(gap, gap - 0.1, gap + 0.1, 40)), None)
    for part in ("m got 50.0 % (40 % to 60 %, 40 rows)", "30.0 %", "--anyway", "distill exam"):
        assert part in reason


def test_too_few_rows_stop_nothing_by_themselves() -> None:
    assert stop_reason(exam(over_commonest=Estimate(-0.1, -0.3, 0.1, 19)), None) == ""


def test_at_least_is_the_users_own_bar() -> None:
    assert stop_reason(exam(), 0.5) == ""
    assert "teacher.exam.at_least is 60.0 %" in stop_reason(exam(), 0.6)
    assert "at_least" in stop_reason(exam(over_commonest=Estimate(0.2, 0.1, 0.3, 5)), 0.6)


def test_what_was_not_scored_stops_nothing_and_says_why() -> None:
    free = exam(teacher=None, over_commonest=None, kind="text")
    assert stop_reason(free, 0.9) == ""
    assert "no metric of this task judges these answers" in exam_summary(free)[0]
    assert "no answer came" in exam_summary(exam(teacher=None, unanswered=40))[0]


def test_the_summary_has_interval_ceiling_and_what_it_is_held_against() -> None:
    lines = exam_summary(exam(itself=Estimate(0.8, 0.5, 0.9, 10), linear=Estimate(0.45, 0.4, 0.5, 40), linear_rows=160))
    assert "50.0 % right (40 % to 60 %) on 40 rows" in lines[0]
    assert "agrees with itself in 80 % of 10 rows asked twice" in lines[0]
    assert lines[1] == "exam: the commonest answer 30.0 %, a linear model of 160 others 45.0 %"
