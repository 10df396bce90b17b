"""`distill roi` from the command line, on a run with a linear student."""

from __future__ import annotations

import json
from pathlib import Path

from ended import Distill, refused

from distill.cli.text.worth.roi import days, dollars, number


def test_the_answer_comes_first_and_every_input_follows_with_its_source(finished_moods: Path, distill: Distill) -> None:
    prices = ("--teacher-price", "2.5/10", "--cheap-price", "0.1/0.4", "--calls-a-day", "50000", "--coverage", "0.8")
    said = distill("roi", "mood", *prices, "--home", finished_moods.parent)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0] == "mood/001: does the student pay?"
    assert "student alone, against the prompted teacher: pays after" in lines[1]
    assert "student first, the rest to the teacher, against the prompted teacher: pays after" in lines[3]
    assert "×0.25" in said.out
    assert "hours: 16 hours  [default]" in said.out
    assert "teacher: prompt tokens:" in said.out
    assert "n = 80) tokens a call  [measured in this run]" in said.out
    assert "calls a day: 50,000 calls a day  [given]" in said.out
    assert "by day 90 it has paid for itself from" in said.out


def test_an_unknown_price_is_unknown_and_never_nothing(finished_moods: Path, distill: Distill) -> None:
    found = json.loads(distill("roi", finished_moods, "--json").out)
    cheap = next(one for one in found["results"] if one["against"] == "prompted cheap model")
    assert (cheap["state"], cheap["rival_per_1000"]) == ("unknown", None)
    said = distill("roi", finished_moods).out
    assert "against unknown per 1,000 calls" in said
    assert "not known, and never counted as nothing:" in said


def test_inputs_replace_defaults(finished_moods: Path, distill: Distill) -> None:
    given = ("--input", "hours=0", "--input", "training_usd=50", "--input", "calls_a_day=7")
    found = json.loads(distill("roi", finished_moods, *given, "--json").out)
    held = {one["name"]: one for one in found["inputs"]}
    assert (held["hours"]["source"], held["calls a day"]["value"], held["training"]["value"]) == ("given", 7, 50)
    assert found["once"]["value"] == 50


def test_a_run_that_has_compared_nothing_says_what_it_lacks(task: Path, distill: Distill) -> None:
    assert distill("generate", task).code == 0
    said = distill("roi", task)
    assert said.code == 0
    assert "calls a day: give --input calls_a_day" in said.out


def test_mistakes_are_refused(finished_moods: Path, distill: Distill) -> None:
    refused(distill("roi", finished_moods, "--teacher-price", "no-such-model"), "--teacher-price", "2.5/10")
    refused(distill("roi", finished_moods, "--input", "hourz=3"), "did you mean")
    refused(distill("roi", finished_moods, "--coverage", "2"), "coverage")


def test_figures_for_people() -> None:
    assert [dollars(one) for one in (None, 0.0, 0.00165, 12.345, -3.2)] == [
        "unknown",
        "$0.00",
        "$0.00165",
        "$12.35",
        "−$3.20",
    ]
    assert [days(one) for one in (None, 3.21, 1234.5)] == ["never", "3.2 days", "1,234 days"]
    assert [number(one) for one in (0.123456, 1234.5)] == ["0.1235", "1,234"]
