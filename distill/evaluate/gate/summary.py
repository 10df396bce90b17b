"""A run in a few lines of Markdown for the page of a CI job: the verdict, and a table of what the gate asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from distill.evaluate.gate.checks import GateCheck
from distill.evaluate.verdict import ComparisonVerdict
from distill.text.markdown import escaped

_MARK = {"met": "✅ met", "not met": "❌ not met", "not measured": "❌ not measured"}


def summary(run: str, verdict: ComparisonVerdict | None, checks: Sequence[GateCheck]) -> str:
    """The Markdown, which ends with an empty line so that the next step may append its own."""
    said = verdict.sentences[:2] if verdict else ["Nothing was compared yet."]
    lines = [f"## {escaped(run)}", "", *(escaped(sentence) for sentence in said), ""]
    if checks:
        lines += ["| demand | state | measured |", "| --- | --- | --- |"]
        lines += [f"| {escaped(one.name)} | {_MARK[one.state]} | {escaped(one.sentence)} |" for one in checks]
        lines.append("")
    return "\n".join(lines) + "\n"


def append(path: Path, text: str) -> None:
    """Add to a file that earlier steps of the job may have written to, as `$GITHUB_STEP_SUMMARY` is meant."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", errors="replace") as file:
        file.write(text)
