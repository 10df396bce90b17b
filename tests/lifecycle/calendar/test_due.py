"""What is due follows from what is known of a task, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from distill.lifecycle.calendar.due import due_of, in_order
from distill.lifecycle.calendar.result import (
    Due,
    FinishedRun,
    HostCloses,
    LastLook,
    ModelEnd,
    NewestRun,
    OpenBatches,
    ServingStudent,
    TaskStatus,
)
from distill.spec.lifecycle.refresh import RefreshSettings

TODAY = date(2026, 11, 30)
NEWEST = NewestRun("mood/002", "finished", "report", "2026-11-01", "2026-11-01", "distil", 90, 0, None)
FINISHED = FinishedRun("mood/002", 2, "2026-11-01", "distil", promoted=True)
SERVES = ServingStudent(1, "mood/002", "2026-11-02", "2026-11-01", 29, "lora", "tiny", "distil")
QUIET = TaskStatus("mood", "task.yaml", NEWEST, FINISHED, SERVES, (), None, None, None, 1.0, 0, ())


def end(days: int, role: str = "teacher") -> ModelEnd:
    return ModelEnd(role, "m", "openai", (TODAY + timedelta(days=days)).isoformat(), days, "spec")


def found(task: TaskStatus, *looked: str, **settings: Any) -> list[Due]:
    return due_of(task, RefreshSettings(**settings), looked, TODAY)


def test_nothing_is_due_of_a_task_that_is_as_it_should_be() -> None:
    assert found(QUIET, "2026-11-01") == []


RULES: dict[str, tuple[dict[str, object], str, str]] = {
    "broken": ({"broken": ["run mood/001: torn"]}, "run mood/001: torn", ""),
    "batches": (
        {"batches": OpenBatches(2, 4000, "2026-11-29T22:10:00+00:00"), "newest": replace(NEWEST, state="pending", pending=9)},
        "2 batch jobs of 4,000 rows to collect since 2026-11-29", "distill run mood",
    ),
    "pending": ({"newest": replace(NEWEST, state="pending", pending=9)}, "mood/002 has 9 pending rows", "distill run mood"),
    "unfinished": ({"newest": replace(NEWEST, state="stopped", stage="train")}, "mood/002 stopped after train", "distill run mood"),
    "monitor": ({"monitor": LastLook("2026-11-29", "mood/002", 1)}, "the monitor raised 1 alarm on 2026-11-29", ""),
    "promote": (
        {"finished": replace(FINISHED, run="mood/003", number=3, promoted=False)},
        "mood/003 (distil) is newer than what serves, mood/002", "distill promote mood/003",
    ),
    "model_ends": ({"models": [end(45)]}, "the teacher m ends on 2027-01-14", "distill refresh mood --teacher OTHER"),
    "host_closes": ({"closes": HostCloses("openai", "2027-01-05", 36)}, "openai takes its last tuning jobs on 2027-01-05", ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", RULES)
def test_each_rule_alone_is_due_now_and_says_the_next_move(kind: str) -> None:
    changes, says, command = RULES[kind]
    (one,) = found(replace(QUIET, **changes))
    assert (one.kind, one.says, one.command, one.now, one.task) == (kind, says, command, True, "mood")


def test_an_alarm_of_a_student_that_serves_no_more_is_not_due() -> None:
    assert found(replace(QUIET, monitor=LastLook("2026-11-29", "mood/001", 1))) == []
    assert found(replace(QUIET, monitor=LastLook("2026-11-29", "mood/002", 0))) == []


def test_nothing_is_open_while_a_process_works() -> None:
    busy = replace(NEWEST, state="working", held_by=7, pending=9)
    assert found(replace(QUIET, newest=busy, batches=OpenBatches(1, 10, ""))) == []


@pytest.mark.parametrize(
    ("days", "notice", "now"), [(90, 90, True), (91, 90, False), (0, 0, True), (1, 0, False), (-3, 0, True)]
)
def test_a_model_that_ends_is_due_from_its_notice_on(days: int, notice: int, now: bool) -> None:
    (one,) = found(replace(QUIET, models=[end(days)]), notice=notice)
    assert (one.now, one.days) == (now, days)
    assert ("ended" in one.says) == (days < 0)


def test_a_base_takes_its_students_with_it() -> None:
    (one,) = found(replace(QUIET, models=[end(3, "student.train.base")]))
    assert "and with it students tuned on it" in one.says
    assert one.command == "distill refresh mood --set student.train.base=OTHER"
    assert found(replace(QUIET, models=[end(3, "serving")]))[0].says == "m, the base of what serves, ends on 2026-12-03"
    assert found(replace(QUIET, models=[end(3, "judge.models[0]")]))[0].command == ""


@pytest.mark.parametrize(
    ("looked", "now", "left"),
    [(["2026-09-01"], True, 0), (["2026-09-02"], False, 1), (["2026-01-01", "2026-11-30"], False, 90)],
)
def test_age_counts_from_the_last_run_or_probe(looked: list[str], now: bool, left: int) -> None:
    (one,) = found(QUIET, *looked, every=90)
    assert (one.kind, one.now, one.days) == ("age", now, left)
    assert found(QUIET, *looked) == []


def test_a_student_that_was_rolled_back_is_not_due_again() -> None:
    """Its run is the newest one and was promoted; what serves is older on purpose."""
    assert found(replace(QUIET, serves=replace(SERVES, run="mood/001"))) == []


def test_a_newer_run_that_is_not_worth_it_is_no_thing_for_now() -> None:
    newer = replace(FINISHED, run="mood/003", number=3, verdict="undecided", promoted=False)
    (one,) = found(replace(QUIET, finished=newer))
    assert (one.now, one.day, one.command) == (False, None, "")
    (first,) = found(replace(QUIET, serves=None, finished=replace(FINISHED, promoted=False)))
    assert (first.now, first.command) == (False, "distill promote mood/002")
    assert found(replace(QUIET, serves=None, finished=replace(newer, verdict="do not distil"))) == []


@given(some.lists(some.tuples(some.booleans(), some.none() | some.integers(-400, 400))))
def test_what_is_due_now_stands_first_and_each_part_by_its_day(given_: list[tuple[bool, int | None]]) -> None:
    things = [Due("t", "age", str(n), now, None, days) for n, (now, days) in enumerate(given_)]
    ordered = in_order(things)
    assert sorted(one.says for one in ordered) == sorted(one.says for one in things)
    assert [one.now for one in ordered] == sorted((one.now for one in ordered), reverse=True)
    for now in (True, False):
        days = [one.days for one in ordered if one.now is now]
        known = [day for day in days if day is not None]
        assert days == sorted(known) + [None] * (len(days) - len(known))
