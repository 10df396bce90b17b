"""The end of a command, for people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from distill.cli.text.run import run_lines
from distill.evaluate.verdict import ComparisonVerdict
from distill.pipeline.result import Run

RUN = Run(
    name="mood/001", folder=Path("/r"), done=["generate"], skipped=["curate", "report"], changed={}, requests_sent=3,
    from_the_store=0, pending=0, usd=0.25, usd_estimated=0.0,
)  # fmt: skip


def test_first_line_sums_the_command_up() -> None:
    said = "run mood/001: 1 stage done, 2 unchanged; 3 requests sent; spent: $0.2500 in this run so far"
    assert run_lines(RUN) == [said]
    assert run_lines(replace(RUN, usd_estimated=0.1)) == [f"{said}, $0.1000 of it estimated"]


def test_pending_rows_and_an_empty_dataset_are_told() -> None:
    told = run_lines(replace(RUN, pending=7, why_empty="no row is left to train on"))
    assert told[1:] == ["7 rows are still pending", "no row is left to train on"]


def test_verdict_is_told_by_the_command_that_reports() -> None:
    """`distill train` does not repeat what an earlier report said."""
    judged = replace(RUN, verdict=ComparisonVerdict("distil", ["Distil: it keeps up."]))
    assert run_lines(judged)[1:] == ["verdict: distil", "  Distil: it keeps up."]
    assert run_lines(replace(judged, skipped=[])) == run_lines(replace(RUN, skipped=[]))
