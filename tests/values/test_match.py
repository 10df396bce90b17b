"""How far two values are the same, by kind and by rule."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.values import rules as value_rules
from distill.values.match import classes, match, same
from distill.values.rules import Rule

SCHEMA = {
    "type": "object",
    "properties": {
        "tags": {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
        "kinds": {"type": "array", "items": {"$ref": "#/$defs/Kind"}},
        "steps": {"type": "array", "items": {"type": "integer"}},
        "price": {"type": ["number", "null"]},
        "version": {"type": "string"},
        "day": {"type": "string", "format": "date"},
        "at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"due": {"format": "date"}}}},
    },
    "$defs": {"Kind": {"enum": ["a", "b"]}},
}

_leaves = st.integers(-99, 99) | st.sampled_from(["a", "b", "B.", "1.5", "true"]) | st.booleans()
VALUES = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner)
)


@pytest.mark.parametrize(
    ("left", "right", "share"),
    [
        ("caf\u00e9", "CAFE\u0301", 1),
        ("Technical.", "technical", 1),
        ("**technical**", "Technical", 1),
        ("\u201ctechnical\u201d", "technical", 1),
        ("Wants a refund.", "wants a  refund", 1),
        ("yes?", "yes", 0),
        ("...", "!", 0),
        (1, 1.0, 1),
        (1, True, 0),
        (True, "true", 1),
        (True, "Yes.", 1),
        (False, "yes", 0),
        ("yes", "true", 0),
        ("2026-11-29", "2026-11-29T00:00:00", 1),
        ("2026-11-29", "2026-11-29T08:00:00", 0),
        ("2026-11-29T08:00:00Z", "2026-11-29 09:00:00+01:00", 1),
        ("12.50", 12.5, 1),
        ("12", 12, 1),
        (0.1 + 0.2, 0.3, 1),
        (12345678901234567890, 12345678901234567891, 0),
        ("1.10", "1.1", 0),
        ("1,000", 1000, 1),
        ("1,234,567.5", 1234567.5, 1),
        ("1'000", 1000, 1),
        ("1 000", 1000, 1),
        ("1.234,50", 1234.5, 1),
        ("9,99", 9.99, 1),
        ("1,000", 1, 0),
        ("\N{MINUS SIGN}3", -3, 1),
        ("**42**", 42, 1),
        ("\uff11\uff12", 12, 1),
        ("12 kg", 12, 0),
        ("12kg", "12.0 kg", 1),
        ("12 kg", "12 g", 0),
        ("12 kg", "13 kg", 0),
        ("12 apples", "12 pears", 0),
        ("50 %", "50%", 1),
        ("$5", "5.00 USD", 1),
        ("$5", "\u20ac5", 0),
        ("3 p.m.", "3pm", 1),
        ("(a)", "A", 1),
        ("B)", "b.", 1),
        ("(a)", "b", 0),
        ("f(x)", "f(y)", 0),
        ("007", 7, 0),
        (None, "", 0),
        (None, None, 1),
        ([1, 2], [2, 1], 0.5),
        ([1, 2, 3, 4], [1, 3, 4], 0.75),
        (list(range(10)), [*range(9), 77], 0.9),
        (["a", "b"], ["b", "a"], 1),
        (["a", "b"], ["b"], 0.5),
        (["a", "b"], "b, a", 1),
        (["a", "b"], "- a\n- b", 1),
        (["a", "b"], "1. b\n2) a", 1),
        ([], [], 1),
        ([], ["a"], 0),
        ({"a": "X"}, {"a": "x"}, 1),
        ({"a": 1, "b": 2}, {"a": 1}, 0.5),
        ({"a": 1, "b": None}, {"a": 1}, 1),
        ({"a": 1}, {"a": 1, "b": None}, 1),
        ({"a": 1}, {"a": 1, "b": 2}, 0.5),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, 0.5),
        ({"a": 1}, "a", 0),
        ([{"a": 1}, {"b": 2}], [{"a": 1}], 0.5),
        ([{"a": 1}, {"a": 2}], [{"a": 2}], 0.5),
    ],
)
def test_the_share_that_is_the_same(left: Any, right: Any, share: float) -> None:
    assert match(left, right).value == pytest.approx(share)
    assert match(right, left).value == pytest.approx(share)


@pytest.mark.parametrize(
    ("field", "left", "right", "share"),
    [
        ("tags", ["x", "y z w v"], ["y z w v", "x", "x"], 1),
        ("kinds", ["a", "b"], ["b", "a"], 1),
        ("steps", [1, 2], [2, 1], 0.5),
        ("price", "12.50", 12.5, 1),
        ("price", None, 0, 0),
        ("version", "1.10", "1.1", 0),
        ("day", "2026-11-29", "2026-11-29T08:00:00", 1),
        ("day", "2026-11-29", "29.11.2026", 1),
        ("day", "2026-11-29", "November 29, 2026", 1),
        ("day", "2026-11-29", "2026-11-28", 0),
        ("day", "soon", "Soon.", 1),
        ("at", "2026-11-29T08:00:00Z", "2026-11-29T09:00:00+01:00", 1),
        ("at", "0001-01-01T00:00:00+09:00", "2026-11-29T09:00:00+01:00", 0),
        ("lines", [{"due": "2026-01-02"}], [{"due": "2 Jan 2026"}], 1),
    ],
)
def test_the_schema_says_how_a_field_is_compared(field: str, left: Any, right: Any, share: float) -> None:
    rules = value_rules.of(SCHEMA)
    assert match({field: left}, {field: right}, rules).value == pytest.approx(share)


@pytest.mark.parametrize(
    ("rule", "left", "right", "equal"),
    [
        (Rule("list"), ["a", "b"], ["b", "a"], False),
        (Rule("set"), [1, 2, 2], [2, 1], True),
        (Rule("set"), "red; blue", "Blue, red", True),
        (Rule("exact"), "a b", "A b", False),
        (Rule("text"), "1.10", 1.1, False),
        (Rule("number"), "1.10", "1.1", True),
        (Rule("number", 0.01), 12.5, "12.509", True),
        (Rule("number", 0.01), 12.5, 12.52, False),
        (Rule("number", 0.05, share=True), 100, 104, True),
        (Rule("number", 0.05, share=True), 100, 106, False),
        (Rule("date"), "2026-11-29", "2026/11/29", True),
        (Rule("date"), "2026-11-29", "the 29th of November, 2026", True),
        (Rule("date"), "2026-03-01", "1. März 2026", True),
        (Rule("date"), "2026-03-01", "1 de marzo de 2026", True),
        (Rule("date"), "2026-03-01", "2. März 2026", False),
        (Rule("date"), "3/4/2026", "4/3/2026", False),
        (Rule("number", 0.01), [1, 2], [1.005, 2], True),
    ],
)
def test_the_spec_says_how_a_field_is_compared(rule: Rule, left: Any, right: Any, equal: bool) -> None:
    rules = value_rules.of(None, {"f": rule})
    assert same({"f": left}, {"f": right}, rules) is equal
    assert same({"f": right}, {"f": left}, rules) is equal


def test_what_is_ignored_is_neither_right_nor_wrong() -> None:
    rules = value_rules.of(None, {"note": Rule("ignore"), "at.zone": Rule("ignore")})
    wanted = {"n": 1, "note": "x", "at": {"day": 1, "zone": "a"}}
    assert same(wanted, {"n": 1, "at": {"day": 1, "zone": "b"}, "note": "y"}, rules)


def test_a_field_that_the_schema_knows_and_no_wanted_value_has_costs_nothing_and_a_made_up_one_does() -> None:
    rules = value_rules.of({"properties": {"intent": {}, "note": {}}})
    assert match({"intent": "a"}, {"intent": "a", "note": "n"}, rules).value == 1
    found = match({"intent": "a"}, {"intent": "a", "mood": "n"}, rules)
    assert (found.value, found.wrong) == (0.5, ('mood: "n", which was not asked for',))


def test_lists_of_names_in_another_order_are_reported() -> None:
    assert match({"tags": ["a", "b"]}, {"tags": ["b", "a"]}).reordered == ("tags",)
    assert match({"tags": ["a", "b"]}, {"tags": ["a", "b"]}).reordered == ()


def test_a_call_is_right_or_wrong_in_whatever_order_calls_stand() -> None:
    one, two = {"name": "look", "arguments": {"id": 1}}, {"name": "sell", "arguments": {"id": 2, "n": "3"}}
    wanted = {"content": None, "tool_calls": [one, two]}
    assert match(wanted, {"content": "Let me see.", "tool_calls": [two, one]}).value == 1
    assert match(wanted, {"content": None, "tool_calls": [one, {**two, "arguments": {"id": 3}}]}).value == 0
    assert match(wanted, {"content": None, "tool_calls": [one, two, two]}).value == 0


def test_arguments_of_a_call_are_compared_by_their_rules() -> None:
    rules = value_rules.of(
        None,
        {"tool_calls.arguments.amount": Rule("number", 0.01, share=True), "tool_calls.arguments.note": Rule("ignore")},
    )
    call = {"name": "pay", "arguments": {"amount": 100, "note": "Thanks"}}
    near = {"name": "pay", "arguments": {"amount": "100.5", "note": "Bye"}}
    far = {"name": "pay", "arguments": {"amount": 102, "note": "Thanks"}}
    assert match({"tool_calls": [call]}, {"tool_calls": [near]}, rules).value == 1
    assert match({"tool_calls": [call]}, {"tool_calls": [far]}, rules).value == 0


def test_a_field_by_likeness_counts_as_far_as_it_is_alike() -> None:
    rules = value_rules.of(None, {"summary": Rule("chrf"), "lines.note": Rule("rouge_l")})
    wanted = {"intent": "refund", "summary": "the cat sat down", "lines": [{"note": "a b"}]}
    found = {"intent": "refund", "summary": "the cat sat", "lines": [{"note": "a c"}]}
    got = match(wanted, found, rules)
    assert got.value == pytest.approx((1 + 0.660176 + 0.5) / 3, abs=1e-6)
    assert got.wrong[0] == "summary: 66% like the wanted text (chrF)"
    assert match(wanted, {**found, "summary": None}, rules).value == pytest.approx((1 + 0 + 0.5) / 3)


def test_what_says_the_same_is_one_class() -> None:
    assert classes(["x", 1, "X.", "1.0", [1], {"a": 1}, {"a": "1"}]) == [0, 1, 0, 1, 4, 5, 5]


@given(VALUES)
def test_a_value_is_the_same_as_itself(value: Any) -> None:
    assert match(value, value).value == pytest.approx(1)


@given(VALUES, VALUES)
def test_the_share_is_between_0_and_1_has_a_reason_and_does_not_hang_on_the_side(left: Any, right: Any) -> None:
    found = match(left, right)
    assert 0 <= found.value <= 1 + 1e-9
    assert found.value > 1 - 1e-9 or found.wrong
    assert match(right, left).value == pytest.approx(found.value)


@given(st.lists(VALUES, max_size=5), st.randoms(use_true_random=False))
def test_a_set_has_no_order(items: list[Any], chance: Any) -> None:
    rules = value_rules.of(None, {"f": Rule("set")})
    assert match({"f": items}, {"f": chance.sample(items, len(items))}, rules).value == pytest.approx(1)


def test_long_lists_are_compared_in_bounded_time() -> None:
    items = [{"n": i} for i in range(1000)]
    assert match({"f": items}, {"f": items}).value == pytest.approx(1)
    rules = value_rules.of(None, {"f": Rule("set")})
    assert match({"f": items}, {"f": items[::-1]}, rules).value == pytest.approx(1)
    nested = [[[i, j] for j in range(30)] for i in range(60)]
    assert match({"f": nested}, {"f": nested[::-1]}).value < 1
