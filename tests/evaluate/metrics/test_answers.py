from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.evaluate.metrics import METRICS, Example, NotScorable

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
        ('Sure!\n```json\n{"intent": " REFUND ", "urgency": "High"}\n```', 1, ""),
        ('{"intent": "refund", "urgency": "high", "n": 1}', 1, ""),
        ('{"intent": "refund", "urgency": "high", "more": 1}', 2 / 3, "more: 1, which was not asked for"),
        ('{"intent": "refund"}', 0.5, "urgency: missing"),
        ('{"intent": "refund", "urgency": ["high"]}', 0.5, 'expected "high"'),
        ('{broken {"intent": "refund", "urgency": "low"}', 0.5, "urgency"),
        ('<think>{"intent": "other"}</think>{"intent": "refund", "urgency": "high"}', 1, ""),
        ('[{"intent": "refund", "urgency": "high"}]', 0, "a JSON list, expected object"),
        ("I cannot", 0, "no JSON object"),
        ("{" * 100_000, 0, "no JSON object"),
    ],
)
def test_json_fields_is_the_share_of_known_fields_that_the_answer_has(answer: str, value: float, reason: str) -> None:
    score = METRICS["json_fields"](GOLD, answer)
    assert score.value == pytest.approx(value)
    assert reason in score.reason


@pytest.mark.parametrize(
    ("gold", "answer", "value"),
    [
        ("technical", "technical", 1),
        ("technical", "Technical.", 1),
        ("technical", '"technical"', 1),
        ("technical", '{"answer": "technical"}', 1),
        ("technical", '{"intent": "technical"}', 1),
        ("technical", "billing", 0),
        ("technical", "Intent: technical", 0),
        (12, "12", 1),
        (12, "12.0", 1),
        (12.5, "12.50", 1),
        ("12.50", "12.5", 1),
        (12, "13", 0),
        (True, "true", 1),
        ("true", "True", 1),
        (True, "1", 0),
        (["a", "b"], '["b", "a"]', 1),
        (["a", "b"], "b, a", 1),
        (["a", "b"], "a", 0.5),
        ('["a", "b"]', '["a", "b"]', 1),
        ([1, 2], "Here: [1, 2]", 1),
        ([{"a": 1}, {"b": 2}], '[{"a": 1}]', 0.5),
    ],
)
def test_a_known_answer_that_is_a_plain_value_is_compared_as_one(gold: object, answer: str, value: float) -> None:
    """Seeds keep it as {"answer": value}, and the answers are bare."""
    assert METRICS["json_fields"](Example(gold={"answer": gold}), answer).value == value
    assert METRICS["agreement"](Example(teacher=answer), answer).value == 1


def test_a_plain_known_answer_is_that_of_the_one_field_and_of_none_where_there_are_several() -> None:
    one = {"type": "object", "properties": {"intent": {"type": "string"}}}
    score = METRICS["json_fields"](Example(gold={"answer": "refund"}, schema=one), 'Sure: {"intent": "refund"}')
    assert score.value == 1
    two = {"type": "object", "properties": {"intent": {}, "urgency": {}}}
    with pytest.raises(NotScorable, match="fields intent, urgency; write it as an object"):
        METRICS["json_fields"](Example(gold={"answer": "refund"}, schema=two), '{"intent": "refund"}')


@pytest.mark.parametrize(("answer", "value"), [("Refund.", 1), ('{"intent": "refund"}', 1), ("repair", 0), ("", 0)])
def test_a_bare_answer_is_the_one_field_that_is_wanted_where_no_schema_says_how(answer: str, value: float) -> None:
    gold = {"intent": "refund"}
    assert METRICS["json_fields"](Example(gold=gold), answer).value == value
    strict = {"type": "object", "properties": {"intent": {}}}
    assert METRICS["json_fields"](Example(gold=gold, schema=strict), answer).value == (value if "{" in answer else 0)


@pytest.mark.parametrize(
    ("teacher", "answer"),
    [
        ('def f():\n cfg={"scale":3}\n return cfg', 'raise NotImplementedError # {"scale":3}'),
        ('Dear {"name":"Bo"}, we refund you.', 'GO AWAY {"name":"Bo"}'),
    ],
)
def test_an_object_inside_a_text_that_is_no_json_earns_nothing(teacher: str, answer: str) -> None:
    with pytest.raises(NotScorable, match="free text"):
        METRICS["agreement"](Example(teacher=teacher), answer)


def test_the_last_object_is_the_answer_where_fields_are_expected() -> None:
    assert METRICS["agreement"](Example(teacher='{"s": 1}'), 'think {"s":0} … final {"s":1}').value == 1
    assert METRICS["agreement"](Example(teacher='[{"a":1},{"b":2}]'), '[{"a":1}]').value == 0.5


@pytest.mark.parametrize(
    ("metric", "example"),
    [
        ("schema", Example()),
        ("schema", Example(schema={"$ref": "http://example.com/schema.json"})),
        ("json_fields", Example()),
        ("json_fields", Example(gold={"a": 1}, compare=["b"])),
        ("agreement", Example(teacher="This is a text, and no object at all.")),
        ("agreement", Example(teacher="no object", schema=SCHEMA)),
        ("agreement", Example()),
    ],
)
def test_what_cannot_be_judged_raises_and_is_never_a_zero(metric: str, example: Example) -> None:
    with pytest.raises(NotScorable):
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


def test_a_call_is_right_or_wrong_whatever_is_said_beside_it():
    gold = {"content": None, "tool_calls": [{"name": "look", "arguments": {"id": 1}}]}
    right = '{"content": "Let me look.", "tool_calls": [{"name": "look", "arguments": {"id": 1}}]}'
    wrong = '{"content": null, "tool_calls": [{"name": "look", "arguments": {"id": 2}}]}'
    example = Example(gold=gold)
    assert METRICS["json_fields"](example, right).value == 1
    assert METRICS["json_fields"](example, wrong).value == 0


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ('["b", "a"]', 1),
        ('{"tags": ["a", "b"]}', 1),
        ("- a\n- b", 1),
        ('{"tags": ["a"], "n": 1}', 0),
        ('{"tags": "a"}', 0),
    ],
)
def test_a_known_list_may_stand_in_an_object_of_one_field_or_be_written_as_bullets(answer: str, value: float) -> None:
    assert METRICS["json_fields"](Example(gold={"answer": ["a", "b"]}), answer).value == value
