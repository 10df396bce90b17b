"""The gates as a list."""

from __future__ import annotations

from distill.cli.text.reference import gate_lines, gates_json
from distill.curate.gates.registry import GATES


def test_gates_are_listed_with_their_settings_as_a_spec_writes_them() -> None:
    rows = gates_json()
    assert [row["gate"] for row in rows] == list(GATES)
    text = "\n".join(gate_lines())
    assert "(free; needs teacher.output)" in text
    assert "allowed: [stop, tool_calls]  finish reasons that are kept" in text
    assert "spread: null      drop outliers" in text
    assert "is: null       expected language" in text
