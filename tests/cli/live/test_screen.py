"""One screen at the end of a run, whatever it has to say."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from distill.cli.live.next_step import NextStep
from distill.cli.live.screen import screen_lines
from distill.curate.accounting.funnel import FunnelLine
from distill.curate.accounting.large_losses import LargeLoss
from distill.curate.accounting.shortfall import Shortfall
from distill.evaluate.diagnosis.result import Diagnosis, NextAction
from distill.evaluate.figures import Figure, Figures
from distill.evaluate.verdict import ComparisonVerdict
from distill.generate.served_models import Named
from distill.pipeline.result import Funnel, Run

FIGURES = Figures(
    "of the fields right",
    (
        Figure("student", "", 0.5917, 0.51, 0.67, 120),
        Figure("teacher", "", 0.3, 0.22, 0.38, 120),
        Figure("student", "teacher", 0.2917, 0.208, 0.371, 120),
        Figure("linear", "", 0.696, 0.62, 0.76, 120),
        Figure("student", "linear", -0.104, -0.183, -0.025, 120),
    ),
)
FUNNEL = Funnel(
    [FunnelLine("answer", 320, 320), FunnelLine("schema", 320, 300, {"not_json": 20})], 320, 320, 480, 780, 20
)
RUN = Run(
    name="mood/001", folder=Path("/r"), done=["generate", "curate", "report"], skipped=["export"], changed={}, requests_sent=240,
    from_the_store=6, pending=0, usd=0.25, usd_estimated=0.1, funnel=FUNNEL, figures=FIGURES, report=Path("/r/report.html"),
    verdict=ComparisonVerdict("distil", ["Distil: the student does this task better than the teacher.", "More."]),
)  # fmt: skip
STEP = NextStep("the same with rows of your own:", ("init", "--from", "rows.csv", "--input", "message"))
FULL = replace(
    RUN, diagnosis=Diagnosis("shift", "The test rows are of another kind. " * 20, ["n = 9"], NextAction("add seeds", "run")),
    name=f"{'m' * 40}/001", pending=7, why_empty="no row is left to train on: " + "because of a gate, " * 30,
    verdict=ComparisonVerdict("undecided", ["Undecided: " + "the test rows cannot tell " * 30]),
    shortfall=[Shortfall("intent=refund style=angry " * 9, 9, 2, "near_duplicate", 7)] * 5,
    large_losses=[LargeLoss("dedup", "source", "a.jsonl " * 30, 24, 18, {"near_duplicate": 18})] * 9,
    warnings=["a price was not known " * 20] * 4, models=[Named("m", "other " * 20, 3, 9)],
    funnel=replace(FUNNEL, stages=[FunnelLine("schema", 9, 0, {f"reason_of_{'x' * 40}{n}": 3 for n in range(9)})]),
)  # fmt: skip


def test_it_has_the_verdict_the_numbers_the_report_the_spend_and_what_is_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert screen_lines(RUN, STEP, took_s=364.0) == [
        "run mood/001: 3 stages done in 6 min 04 s, 1 unchanged",
        "verdict: distil",
        "  Distil: the student does this task better than the teacher.",
        "  share of the fields right, with 95 % intervals:",
        "  student                 59.2 %  51.0 to 67.0 %  120 rows",
        "  teacher                 30.0 %  22.0 to 38.0 %  120 rows",
        "  against teacher   +29.2 points  +20.8 to +37.1  120 rows",
        "  linear                  69.6 %  62.0 to 76.0 %  120 rows",
        "  against linear    −10.4 points  −18.3 to −2.5   120 rows",
        "rows     320 asked + 480 approved = 780 in the dataset + 20 dropped (not_json",
        "         20)",
        "spent    $0.2500 in this run so far, $0.1000 of it estimated; 240 requests sent,",
        "         6 answers from the store",
        "report   r/report.html",
        "",
        "next: the same with rows of your own:",
        "  distill init --from rows.csv --input message",
    ]


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize(
    "step", [None, STEP, NextStep("do this, " * 12, ("run", "x" * 30, "--set", "y" * 40, "--set", "z" * 40))]
)
def test_it_is_one_screen_whatever_there_is_to_say(columns: int, step: NextStep | None) -> None:
    for run in (RUN, FULL):
        lines = screen_lines(run, step, took_s=7500.0, columns=columns)
        assert max(map(len, lines)) <= min(columns, 80), lines
        assert len(lines) <= 24 or columns < 80, lines


def test_warnings_stay_in_a_line_each_and_say_how_many_more_there_are() -> None:
    found = screen_lines(replace(RUN, warnings=["one " * 40, "two", "three", "four"]), None)
    said = [line for line in found if line.startswith("warning")]
    assert [line.split()[1] for line in said] == ["one", "two", "2"]
    assert said[0].endswith("…")
    assert screen_lines(replace(RUN, warnings=["one"]), None)[-1] == "warning  one"


def test_what_costs_nothing_is_not_a_sum() -> None:
    said = {
        usd: next(line for line in screen_lines(replace(RUN, usd=usd, usd_estimated=0.0), None) if "spent" in line)
        for usd in (0.0, 0.5, None)
    }
    assert said[0.0] == "spent    nothing; 240 requests sent, 6 answers from the store"
    assert said[0.5].startswith("spent    $0.5000 in this run so far; 240")
    assert said[None].startswith("spent    unknown in this run")


def test_nothing_that_was_not_reached_is_shown() -> None:
    early = replace(
        RUN, done=["generate"], skipped=[], figures=Figures(), funnel=None, why_empty="no row is left to train on"
    )
    lines = screen_lines(early, None)
    assert lines == ["run mood/001: 1 stage done", *lines[1:]]
    assert not [line for line in lines if line.startswith(("verdict", "report", "rows"))]
    assert "stopped  no row is left to train on" in lines


def test_text_from_outside_does_not_steer_the_terminal() -> None:
    hostile = "x\x1b[2Jy"
    told = replace(
        RUN, shortfall=[Shortfall(hostile, 9, 2, hostile, 7)], warnings=[hostile], models=[Named("m", hostile, 3, 9)]
    )
    assert not [line for line in itertools.chain(screen_lines(told, STEP)) if "\x1b" in line]
