"""What judges said of an answer, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from distill.curate.gates.judge.verdict import one_line

if TYPE_CHECKING:
    from distill.records import Json


def verdict_lines(verdicts: Mapping[str, Sequence[Mapping[str, Json]]]) -> list[str]:
    """What each judge said for each gate, a line a dimension."""
    return [
        f"  {gate} by {verdict['judge']}: {words}"
        for gate, judges in verdicts.items()
        for verdict in judges
        for words in _words(verdict)
    ]


def _words(verdict: Mapping[str, Json]) -> list[str]:
    if "scores" not in verdict:
        return [f"unscored: {verdict['unscored']}"]
    return [f"{name} {score}: {one_line(verdict['reasons'][name])}" for name, score in verdict["scores"].items()]
