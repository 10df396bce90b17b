"""The gates as a list."""

from __future__ import annotations

from distill.cli.text import gates
from distill.curate.gates.registry import GATES


def test_every_gate_is_told_with_its_settings_as_a_spec_writes_them() -> None:
    rows = gates.rows()
    assert [row["gate"] for row in rows] == list(GATES)
    said = "\n".join(gates.lines(rows))
    assert "{max_tokens: null, min_chars: 1, spread: null}" in said
    assert "(free; needs teacher.output)" in said
    assert "allowed: [stop, tool_calls]" in said
