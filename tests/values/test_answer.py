"""What an answer is as a value: JSON as a whole, one block of it, or text; fields also from what stands around them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.values.answer import Unreadable, expected_of, number, of_known, read

CODE = 'def f():\n    cfg = {"scale": 3}\n    return cfg'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("technical", "technical"),
        ("  technical\n", "technical"),
        ('"technical"', "technical"),
        ("```\ntechnical\n```", "technical"),
        ('{"answer": "technical"}', "technical"),
        ("12", 12),
        ("12.0", 12.0),
        ("12.50", 12.5),
        ("-3", -3),
        ("007", "007"),
        ("1e999", "1e999"),
        ("true", True),
        ("False", False),
        ('["a", "b"]', ["a", "b"]),
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ("<think>billing? no</think>technical", "technical"),
        ("Answer: technical", "technical"),
        ("**Final answer:** 12.50", 12.5),
        ('answer: {"answer": true}', True),
        ("Answer: a letter\nof two lines", "Answer: a letter\nof two lines"),
        ("The answer: technical", "The answer: technical"),
        ("Answer:", "Answer:"),
        ("<think>billing, for", ""),
        (CODE, CODE),
        ('Dear {"name": "Bo"}, we refund you.', 'Dear {"name": "Bo"}, we refund you.'),
        ('```python\nx = {"a": 1}\n```', '```python\nx = {"a": 1}\n```'),
        ('{"a": 1, "a": 2}', '{"a": 1, "a": 2}'),
    ],
)
def test_an_answer_of_which_nothing_is_expected_is_what_the_whole_of_it_is(text: str, value: Any) -> None:
    found = read(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('Sure!\n```json\n{"s": 1}\n```', {"s": 1}),
        ('{"s": 1} Anything else?', {"s": 1}),
        ('Not {"s": 0}, but\n```json\n{"s": 1}\n```\nHope this helps.', {"s": 1}),
        ('It is {"s": 1}, I think.', {"s": 1}),
        ('[1] says {"s": 1}', {"s": 1}),
        ('think {"s": 0} … final {"s": 1}', {"s": 1}),
        ('<think>first {"s": 0}</think>\n{"s": 1}', {"s": 1}),
        ('<reasoning effort="low">{"s": 0}</reasoning>{"s": 1} done', {"s": 1}),
        ('{broken {"s": 1}', {"s": 1}),
        ('{"answer": 1}', {"answer": 1}),
    ],
)
def test_where_fields_are_expected_text_may_stand_around_the_one_object_or_before_the_last(
    text: str, value: Any
) -> None:
    assert read(text, "object") == value


@pytest.mark.parametrize(
    "text",
    [
        "I cannot",
        "",
        '[{"s": 1}, {"s": 2}]',
        'here: [{"s": 1}, {"s": 2}] so',
        '{"s": 0} or perhaps {"s": 1}?',
        '{"items": [{"s": 1}, {"s": 2}',
        '{"s": 1, "inner": {"s": 2}, "s": 3}',
        '<think>perhaps {"s": 1}',
        '{"s": NaN, "t": {"s": 1}}',
        "{" * 100_000,
        "[" * 100_000,
        '{"a":' * 50_000,
    ],
)
def test_an_object_that_is_in_another_value_in_the_reasoning_or_one_of_several_is_not_the_answer(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text, "object")


def test_a_list_is_read_as_a_list_and_never_as_its_first_item() -> None:
    assert read('Tags: ["a", "b"]', "list") == ["a", "b"]
    assert read('{"answer": ["a"]}', "list") == ["a"]
    with pytest.raises(Unreadable, match="a JSON object, expected list"):
        read('{"tags": ["a"]}', "list")


@pytest.mark.parametrize(
    ("gold", "fields", "value"),
    [
        ({"answer": "technical"}, (), "technical"),
        ({"answer": "12.50"}, (), 12.5),
        ({"answer": '["a", "b"]'}, (), ["a", "b"]),
        ({"answer": ["a"]}, (), ["a"]),
        ({"answer": False}, (), False),
        ({"answer": "x"}, ("answer", "why"), {"answer": "x"}),
        ({"answer": "x"}, ("intent",), {"intent": "x"}),
        ({"answer": "x", "why": "y"}, (), {"answer": "x", "why": "y"}),
        ({"intent": "x"}, ("intent", "why"), {"intent": "x"}),
    ],
)
def test_a_known_answer_that_is_a_plain_value_is_that_value(gold: Any, fields: Any, value: Any) -> None:
    assert of_known(gold, fields) == value


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "object"}, "x", "object"),
        ({"type": "array"}, None, "list"),
        ({"enum": ["a"]}, "a", "plain"),
        (None, {"a": 1}, "object"),
        (None, [1], "list"),
        (None, "a", "plain"),
    ],
)
def test_what_is_expected_follows_from_the_schema_and_else_from_what_is_wanted(
    schema: Any, value: Any, expected: str
) -> None:
    assert expected_of(schema, value) == expected


@pytest.mark.parametrize(
    ("value", "found"), [("12", 12), (" .5 ", 0.5), (True, None), ("1,5", None), ("", None), (3, 3)]
)
def test_a_number_is_one_also_in_letters(value: Any, found: Any) -> None:
    assert number(value) == found


@given(st.text(), st.sampled_from(["object", "list", "plain", "text"]))
def test_no_text_raises_anything_else(text: str, expected: Any) -> None:
    try:
        read(text, expected)
    except Unreadable:
        assert expected in ("object", "list")


@given(
    st.dictionaries(st.text(), st.integers() | st.text() | st.booleans() | st.none()),
    st.text(st.characters(exclude_characters="{[<")),
)
def test_an_object_is_found_whatever_stands_before_it(value: dict[str, object], before: str) -> None:
    assert read(before + json.dumps(value) + " and {so on}", "object") == value
