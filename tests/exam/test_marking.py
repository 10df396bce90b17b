"""An exam is marked by the metrics of the comparison: those that say how good the teacher itself is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from distill.evaluate.arms import Answers
from distill.evaluate.fields import FieldRules, field_rules
from distill.evaluate.scoring.choice import Metrics
from distill.evaluate.scoring.own import ScoreRow
from distill.exam.marking import Marking, judges, marked
from distill.records import Answer, Ended, Json

CALLS = Metrics(("schema", "json_fields", "agreement", "tool_calls", "agreement_tool_calls"))


def call(city: str) -> dict[str, Json]:
    return {"tool_calls": [{"name": "weather", "arguments": {"city": city}}]}


GOLDS = {f"{n:02}": call(f"city {n}") for n in range(20)}
SAID = {seed: gold if n % 2 else call("elsewhere") for n, (seed, gold) in enumerate(GOLDS.items())}
ANSWERED: Mapping[str, Answers] = {
    "teacher": [(seed, Answer("", Ended.OK, text=json.dumps(value))) for seed, value in SAID.items()]
}
MARKING = Marking(None, None, (), lambda _: CALLS)


def rules() -> FieldRules:
    texts = {seed: json.dumps(value) for seed, value in SAID.items()}
    return field_rules(
        schema=None, given=None, only=(), golds=GOLDS, teacher=texts, inputs=dict.fromkeys(GOLDS, "weather")
    )


def passed(answered: Mapping[str, Answers], _: Metrics) -> list[ScoreRow]:
    return [(seed, "teacher", "verify", 1.0, "") for seed, _ in answered["teacher"]]


def test_tool_calls_mark_with_a_reason_where_a_call_is_another() -> None:
    found = marked(MARKING, rules(), GOLDS, ANSWERED)
    assert found.metric == "tool_calls"
    assert sum(found.of("teacher").values()) == 10
    assert found.reasons["teacher", "00"]
    assert not found.reasons["teacher", "01"]
    assert found.of("linear") == {}


def test_the_tasks_own_function_marks_where_nothing_else_can_or_the_spec_wishes_it() -> None:
    alone = replace(MARKING, choose=lambda _: Metrics(("schema",)), own=passed)
    assert marked(alone, rules(), GOLDS, ANSWERED).metric == "verify"
    wished = replace(MARKING, decide_by="verify", own=passed)
    assert marked(wished, rules(), GOLDS, ANSWERED).metric == "verify"
    assert marked(replace(wished, decide_by="agreement"), rules(), GOLDS, ANSWERED).metric == "tool_calls"


def test_agreement_with_the_teacher_and_the_right_format_mark_nothing() -> None:
    found = marked(replace(MARKING, choose=lambda _: Metrics(("schema", "agreement"))), rules(), GOLDS, ANSWERED)
    assert (found.metric, found.of("teacher")) == ("", {})


@pytest.mark.parametrize(
    ("metric", "said"), [("json_fields", True), ("chrf", True), ("agreement_chrf", False), ("schema", False)]
)
def test_what_says_something_of_a_teacher(metric: str, said: bool) -> None:
    assert judges(metric) is said
