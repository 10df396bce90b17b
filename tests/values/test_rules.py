"""The rules that a schema and a spec give."""

from __future__ import annotations

from typing import Any

import pytest

from distill.values import rules
from distill.values.rules import Rule, names, paths


def test_the_spec_goes_before_the_schema_and_a_dot_leads_into_a_field() -> None:
    schema = {"properties": {"a": {"type": "object", "properties": {"b": {"type": "number"}}}}}
    assert rules.of(schema).at(("a", "b")) == Rule("number")
    assert rules.of(schema, {"a.b": Rule("exact")}).at(("a", "b")) == Rule("exact")


def test_one_rule_is_that_of_the_whole_answer_and_so_is_that_of_answer_where_no_field_is_called_so() -> None:
    assert rules.of(None, Rule("set")).at(()) == Rule("set")
    assert rules.of(None, {"answer": Rule("set")}).at(()) == Rule("set")
    named = rules.of({"properties": {"answer": {}}}, {"answer": Rule("set")})
    assert (named.at(()), named.at(("answer",))) == (Rule(), Rule("set"))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/nowhere"},
        {"$ref": "http://127.0.0.1:1/x"},
        {"properties": {"a": {"$ref": "#/properties/a"}}},
        {"properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}},
        {"properties": {name: {"$ref": "#"} for name in "abcdefgh"}},
        {
            "$defs": {n: {"properties": {m: {"$ref": f"#/$defs/{m}"} for m in "abcdefghij"}} for n in "abcdefghij"},
            "$ref": "#/$defs/a",
        },
        {"properties": [], "items": 3, "anyOf": {}, "type": 5},
        {"properties": {"a": True}},
    ],
)
def test_no_schema_breaks_the_rules(schema: Any) -> None:
    rules.of(schema)


def test_fields_of_a_schema_and_paths_of_a_value() -> None:
    assert names({"$ref": "#/$defs/T", "$defs": {"T": {"properties": {"a": {}, "b": {}}}}}) == ["a", "b"]
    assert names({"type": "array", "items": {"properties": {"a": {}}}}) == []
    assert names(None) == []
    assert list(paths({"a": [{"b": 1}], "c": 2})) == [("a",), ("a", "b"), ("c",)]
