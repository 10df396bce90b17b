"""Tool calls: right by name and arguments, in any order, and none where none is expected."""

from __future__ import annotations

import json
from typing import Any

import pytest

from distill.evaluate.metrics import METRICS, Example, NotScorable
from distill.values import rules as value_rules
from distill.values.rules import Rule

LOOK, SELL = {"name": "look", "arguments": {"id": 1}}, {"name": "sell", "arguments": {"id": 2, "when": "2026-11-29"}}
TEXT = {"answer": "Which order do you mean?"}


def calls(*made: Any, content: str | None = None) -> str:
    return json.dumps({"content": content, "tool_calls": list(made)})


@pytest.mark.parametrize(
    ("gold", "answer", "value", "reason"),
    [
        ({"tool_calls": [LOOK, SELL]}, calls(SELL, LOOK, content="One moment."), 1, ""),
        ({"tool_calls": [LOOK]}, calls({**LOOK, "arguments": {"id": "1"}}), 1, ""),
        ({"tool_calls": [LOOK]}, calls({**LOOK, "arguments": {"id": 2}}), 0, "tool_calls"),
        ({"tool_calls": [LOOK]}, calls(LOOK, LOOK), 0, "tool_calls"),
        ({"tool_calls": [LOOK]}, "Let me look.", 0, "calls no tool, expected look"),
        (TEXT, calls(LOOK), 0, "calls look, where no call is expected"),
        (TEXT, "Please say which order.", 1, ""),
        ({"tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"id": 1}'}}]}, calls(LOOK), 1, ""),
        ({"tool_calls": [{"name": "list", "arguments": ""}]}, calls({"name": "list", "arguments": {}}), 0, ""),
    ],
)  # fmt: skip
def test_calls_are_held_against_the_known_ones(gold: Any, answer: str, value: float, reason: str) -> None:
    score = METRICS["tool_calls"](Example(gold=gold), answer)
    assert score.value == value
    assert reason in score.reason


def test_a_date_in_an_argument_is_compared_by_its_rule() -> None:
    rules = value_rules.of(None, {"tool_calls.arguments.when": Rule("date")})
    other = calls({"name": "sell", "arguments": {"id": 2, "when": "29 November 2026"}})
    assert METRICS["tool_calls"](Example(gold={"tool_calls": [SELL]}), other).value == 0
    assert METRICS["tool_calls"](Example(gold={"tool_calls": [SELL]}, gold_rules=rules), other).value == 1


def test_the_teachers_calls_are_the_measure_where_there_is_no_known_answer() -> None:
    assert METRICS["agreement_tool_calls"](Example(teacher=calls(LOOK)), calls(LOOK)).value == 1
    assert METRICS["agreement_tool_calls"](Example(teacher="Which one?"), calls(LOOK)).value == 0
    for metric, example in (("tool_calls", Example(teacher="x")), ("agreement_tool_calls", Example(gold=TEXT))):
        with pytest.raises(NotScorable):
            METRICS[metric](example, calls(LOOK))
