"""Validators that fetch nothing and end."""

from __future__ import annotations

import pytest
from referencing.exceptions import Unresolvable

from distill.text import patterns
from distill.values import json_schema

EVIL = "^(a|aa)+$"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"properties": {"x": {"pattern": EVIL}}}, {"x": "a" * 60 + "!"}),
        ({"patternProperties": {EVIL: {"type": "string"}}}, {"a" * 60 + "!": "x"}),
        ({"propertyNames": {"pattern": EVIL}}, {"a" * 60 + "!": "x"}),
    ],
)
def test_a_slow_pattern_fails_the_value_and_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch, schema: dict[str, object], value: object
) -> None:
    monkeypatch.setattr(patterns, "LIMIT_S", 0.01)
    assert [
        error.message
        for error in json_schema.validator(schema).iter_errors(value)
        if "repeat inside a repeat" in error.message
    ]


def test_a_slow_pattern_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "LIMIT_S", 0.01)
    held = json_schema.validator({"properties": {"x": {"pattern": EVIL}}}, place="the schema")
    value = {"x": "a" * 60 + "!"}
    for _ in range(patterns.MOST_STOPPED - 1):
        assert not held.is_valid(value)
    with pytest.raises(patterns.GivenUp, match="the schema: the pattern"):
        held.is_valid(value)


def test_patterns_otherwise_decide_as_they_do_elsewhere() -> None:
    schema = {"properties": {"id": {"pattern": "^[A-Z]+-[0-9]+$"}}, "patternProperties": {"^n_": {"type": "integer"}}}
    held = json_schema.validator(schema)
    assert held.is_valid({"id": "AB-12", "n_rows": 3, "other": "x"})
    found = {error.json_path: error.message for error in held.iter_errors({"id": "ab", "n_rows": "3"})}
    assert found == {"$.id": "'ab' does not match '^[A-Z]+-[0-9]+$'", "$.n_rows": "'3' is not of type 'integer'"}


def test_a_reference_to_elsewhere_is_not_fetched() -> None:
    with pytest.raises(Unresolvable):
        list(json_schema.validator({"$ref": "http://127.0.0.1:9/schema.json"}).iter_errors({}))


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "objekt"}, "'objekt' is not valid"),
        ({"properties": {"x": {"pattern": "("}}}, "$.properties.x.pattern: '(' is not a 'regex'"),
        ({"patternProperties": {"[": {}}}, "'[' is not a 'regex'"),
    ],
)
def test_what_is_no_schema_is_told_with_its_place(schema: dict[str, object], said: str) -> None:
    assert said in json_schema.fault(schema)


def test_a_schema_has_no_fault() -> None:
    assert not json_schema.fault({"type": "object", "properties": {"x": {"pattern": "^[a-z]+$", "format": "date"}}})
