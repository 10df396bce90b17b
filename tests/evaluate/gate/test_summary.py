"""The Markdown of a CI job's page."""

from __future__ import annotations

from pathlib import Path

from distill.evaluate.gate.checks import GateCheck
from distill.evaluate.gate.summary import append, summary
from distill.evaluate.verdict import ComparisonVerdict


def test_verdict_and_a_row_a_demand_with_hostile_text_as_text() -> None:
    checks = [
        GateCheck("points", "not met", 0, -3.0, "in tone = a|b <script>"),
        GateCheck("schema", "met", 0.9, 1.0, "100 %"),
    ]
    made = summary("mood/001", ComparisonVerdict("undecided", ["Undecided: so.", "On 20 rows.", "More."]), checks)
    assert made.startswith("## mood/001\n\nUndecided: so.\nOn 20 rows.\n\n| demand |")
    assert "| points | ❌ not met | in tone = a\\|b \\<script\\> |" in made
    assert "| schema | ✅ met | 100 % |" in made
    assert "More." not in made


def test_no_verdict_is_said() -> None:
    assert "Nothing was compared yet." in summary("mood/001", None, [])


def test_it_is_added_to_what_earlier_steps_wrote(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "summary.md"
    append(path, "one\n\n")
    append(path, "two\n")
    assert path.read_text() == "one\n\ntwo\n"
