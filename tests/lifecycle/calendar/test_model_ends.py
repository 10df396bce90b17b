"""When a model ends: what the spec says goes first, then what its host told, then the table."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from distill.lifecycle.calendar.model_ends import days_until, host_closes, model_ends, serving_end, used_models
from distill.lifecycle.calendar.result import ServingStudent
from distill.lifecycle.calendar.told import ToldDate, key_of
from distill.spec import TaskSpec

TODAY = date(2026, 11, 30)


def spec(teacher: dict[str, Any], train: dict[str, Any] | None = None) -> TaskSpec:
    return TaskSpec.model_validate({
        "task": "t", "seeds": {"from": "a.jsonl"}, "teacher": {"model": "gpt-4o", **teacher},
        "student": {"train": train or {"with": "none"}},
    })  # fmt: skip


def ends(found: TaskSpec, said: dict[str, ToldDate] | None = None, **env: str) -> list[tuple[str, str | None, str]]:
    return [(one.model, one.shutdown_date, one.source) for one in model_ends(found, env, said or {}, TODAY)]


def test_the_spec_goes_before_the_host_and_the_host_before_the_table() -> None:
    plain, given = spec({}), spec({"shutdown_date": "2027-03-01"})
    (used,) = used_models(plain, {})
    said = {key_of(used.address): ToldDate("2027-02-01", "2026-11-29")}
    assert ends(plain) == [("gpt-4o", "2027-01-14", "table of 2026-11-30")]
    assert ends(plain, said) == [("gpt-4o", "2027-02-01", "host, asked 2026-11-29")]
    assert ends(given, said) == [("gpt-4o", "2027-03-01", "spec")]


def test_the_table_is_of_a_host_not_of_a_name() -> None:
    """The same name at another address is another model, whether the spec or the environment says the address."""
    assert ends(spec({"base_url": "http://localhost:1/v1"})) == [("gpt-4o", None, "")]
    assert ends(spec({}), OPENAI_BASE_URL="http://localhost:1/v1") == [("gpt-4o", None, "")]


def test_every_model_of_a_task_is_looked_at_once() -> None:
    judge = {"models": [{"model": "gpt-4o"}, {"model": "scripted"}], "prompt": "judge.md"}
    whole = TaskSpec.model_validate(
        spec({"fallback": [{"model": "gpt-4.1-mini"}]}, {"with": "hosted", "base": "gpt-4o-mini-2024-07-18"}).model_dump(by_alias=True)
        | {"judge": judge}
    )  # fmt: skip
    found = model_ends(whole, {}, {}, TODAY)
    assert [(one.role, one.model, one.days) for one in found] == [
        ("teacher", "gpt-4o", 45), ("teacher.fallback[0]", "gpt-4.1-mini", 45), ("judge.models[1]", "scripted", None),
        ("student.train.base", "gpt-4o-mini-2024-07-18", 45),
    ]  # fmt: skip
    assert [one.at for one in found] == ["openai", "openai", "", "openai"]


def test_the_base_of_the_spec() -> None:
    assert ends(spec({}, {"with": "hosted", "base": "x", "shutdown_date": "2027-05-05"}))[1] == (
        "x",
        "2027-05-05",
        "spec",
    )
    assert len(ends(spec({}, {"with": "lora"}))) == 1  # weights on this machine end with nobody


def test_the_base_of_what_serves_where_the_spec_has_another_by_now() -> None:
    serves = ServingStudent(1, "t/001", "2026-06-01", "2026-06-01", 182, "hosted", "gpt-4.1-nano", "distil")
    old = serving_end(serves, {}, spec({}, {"with": "hosted", "base": "gpt-4.1-mini"}), TODAY)
    assert old is not None
    assert (old.role, old.shutdown_date, old.days) == ("serving", "2026-10-23", -38)
    elsewhere = serving_end(serves, {"base_url": "http://localhost:1/v1"}, None, TODAY)
    assert elsewhere is not None
    assert elsewhere.shutdown_date is None
    assert serving_end(serves, {}, spec({}, {"with": "hosted", "base": "gpt-4.1-nano"}), TODAY) is None


def test_a_host_that_closes() -> None:
    closes = host_closes(spec({}, {"with": "hosted", "base": "gpt-4o"}), TODAY)
    assert closes is not None
    assert (closes.host, closes.last_day, closes.days) == ("openai", "2027-01-05", 36)
    for train in ({"with": "hosted", "base": "m", "host": "together"}, {"with": "lora"}):
        assert host_closes(spec({}, train), TODAY) is None


@pytest.mark.parametrize(("day", "days"), [("2026-11-30", 0), ("2026-12-01", 1), ("2025-11-30", -365), (None, None)])
def test_days_until(day: str | None, days: int | None) -> None:
    assert days_until(day, TODAY) == days
