from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.evaluate.metrics import METRICS, Example, Unscored, found_object, same

SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
GOLD = Example(gold={"intent": "refund", "urgency": "high"}, schema=SCHEMA, teacher='{"intent": "Refund"}')


@pytest.mark.parametrize(
    ("answer", "value", "reason"),
    [
        ('{"n": 1}', 1, ""),
        (' {"n": 1}\n', 1, ""),
        ('```json\n{"n": 1}\n```', 0, "not JSON"),
        ('{"n": 1} ok', 0, "not JSON"),
        ('{"n": 1, "n": 2}', 0, "twice"),
        ('{"n": NaN}', 0, "NaN"),
        ('{"n": "1"}', 0, "$.n"),
        ("[" * 100_000, 0, "not JSON"),
        ("", 0, "not JSON"),
    ],
)
def test_schema_is_strict_about_the_whole_text(answer: str, value: float, reason: str) -> None:
    score = METRICS["schema"](GOLD, answer)
    assert score.value == value
    assert reason in score.reason


@pytest.mark.parametrize(
    ("answer", "value", "reason"),
    [
        ('{"intent": "refund", "urgency": "high"}', 1, ""),
        ('Sure!\n```json\n{"intent": " REFUND ", "urgency": "High", "more": 1}\n```', 1, ""),
        ('{"intent": "refund"}', 0.5, "urgency: missing"),
        ('{"intent": "refund", "urgency": ["high"]}', 0.5, 'expected "high"'),
        ('{broken {"intent": "refund", "urgency": "low"}', 0.5, "urgency"),
        ("I cannot", 0, "no JSON object"),
        ("{" * 100_000, 0, "no JSON object"),
    ],
)
def test_json_fields_is_the_share_of_gold_fields_in_the_first_object(answer: str, value: float, reason: str) -> None:
    score = METRICS["json_fields"](GOLD, answer)
    assert score.value == value
    assert reason in score.reason


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("caf\u00e9", "CAFE\u0301", True),
        (1, 1.0, True),
        (1, True, False),
        ([1, 2], [2, 1], False),
        ({"a": "X"}, {"a": "x"}, True),
        (None, "", False),
        ("1", 1, False),
    ],
)
def test_values_are_equal_after_case_and_form_but_keep_their_type(left: object, right: object, equal: bool) -> None:
    assert same(left, right) is equal
    assert same(right, left) is equal


@pytest.mark.parametrize(
    ("metric", "example"),
    [
        ("schema", Example()),
        ("schema", Example(schema={"$ref": "http://example.com/schema.json"})),
        ("json_fields", Example()),
        ("json_fields", Example(gold={"a": 1}, compare=["b"])),
        ("agreement", Example(teacher="no object")),
        ("agreement", Example()),
    ],
)
def test_what_cannot_be_judged_raises_and_is_never_a_zero(metric: str, example: Example) -> None:
    with pytest.raises(Unscored):
        METRICS[metric](example, '{"a": 1}')


def test_agreement_compares_only_the_named_fields_of_the_teacher() -> None:
    example = Example(teacher='{"intent": "refund", "summary": "Wants money."}', compare=["intent"])
    assert METRICS["agreement"](example, '{"intent": "refund", "summary": "other"}').value == 1


@given(st.text())
def test_no_text_breaks_a_metric(text: str) -> None:
    """Whatever a model says, each metric gives a share with a reason unless it is 1."""
    for metric in METRICS.values():
        score = metric(GOLD, text)
        assert 0 <= score.value <= 1
        assert score.value == 1 or score.reason


@given(
    st.dictionaries(st.text(), st.integers() | st.text() | st.booleans() | st.none()),
    st.text(st.characters(exclude_characters="{")),
)
def test_an_object_is_found_whatever_stands_before_it(value: dict[str, object], before: str) -> None:
    assert found_object(before + json.dumps(value) + " and {so on}") == value


def test_a_call_is_right_or_wrong_whatever_is_said_beside_it():
    gold = {"content": None, "tool_calls": [{"name": "look", "arguments": {"id": 1}}]}
    right = '{"content": "Let me look.", "tool_calls": [{"name": "look", "arguments": {"id": 1}}]}'
    wrong = '{"content": null, "tool_calls": [{"name": "look", "arguments": {"id": 2}}]}'
    example = Example(gold=gold)
    assert METRICS["json_fields"](example, right).value == 1
    assert METRICS["json_fields"](example, wrong).value == 0
