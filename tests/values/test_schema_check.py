"""A task's schema, looked at before anything is paid."""

from __future__ import annotations

from typing import Any

import pytest

from distill.values.schema_check import faults, parsed


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "objekt"}, "no JSON Schema"),
        ({"$ref": "https://example.com/a.json"}, "is not in the schema, and nothing is fetched"),
        ({"$ref": "#/$defs/none"}, "leads nowhere"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "leads back to itself"),
        ({"properties": {"a": {"pattern": "^(a|aa)+$"}}}, "the pattern"),
    ],
)
def test_fault_is_told_with_its_next_move(schema: dict[str, Any], said: str) -> None:
    assert any(said in fault for fault in faults(schema)), faults(schema)


def test_recursive_schema_with_an_end_is_sound() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#"}}, "enum": [{"$ref": "no schema, a value"}]}
    assert faults(tree) == []


def test_text_that_parsers_read_differently_is_refused() -> None:
    assert parsed('{"a": 1}') == ({"a": 1}, "", None)
    value, wrong, line = parsed('{"a": 1,\n "a": 2}')
    assert value is None
    assert wrong.startswith("not JSON as every parser reads it")
    assert line in (1, 2)
    assert parsed("{\n,}")[2] == 2
