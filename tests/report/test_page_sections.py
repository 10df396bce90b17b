"""The sections that only some reports have: exam, learning curve, ablation, a linear model, probes and the next step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from markdown_it import MarkdownIt
from parsed_page import ATTACK, Page

from distill.evaluate.diagnosis.result import Diagnosis, NextAction
from distill.evaluate.probes.result import ProbeExample, ProbeQuestion
from distill.report import page as pages
from distill.report.page import html, markdown
from distill.report.report import Report
from distill.stats import Estimate

Flat = dict[str, Any]
Typed = Callable[[Flat], Report]
EXAM = (
    "51.3 %",
    "41 % to 62 %",
    "32.5 %",
    "47.5 %",
    "+18.4",
    "60 % to 100 %",
    "44.7 %",
    "29 % to 60 %",
    "cancel/sarcastic",
    "77aa01",
    "too few",
)


@pytest.mark.parametrize("render", [html, markdown])
def test_the_exam_is_shown_with_its_intervals_and_left_out_where_none_was_taken(
    render: Callable[[Report], str], report: Flat, typed: Typed
) -> None:
    page = render(typed(report))
    assert [part for part in EXAM if part not in page] == []
    without = render(typed({**report, "exam": None}))
    assert "Can the teacher do the task?" not in without
    assert "77aa01" not in without


@pytest.mark.parametrize("render", [html, markdown])
def test_a_learning_curve_is_shown_with_its_intervals_and_advice(
    render: Callable[[Report], str], report: Flat, typed: Typed
) -> None:
    page = render(typed(report))
    for part in (
        "More rows help: 320 more cost about",
        "74 % to 86 %",
        "+3.0 points (+0.4 to +6.0, n = 96)",
        "the 2 seeds",
    ):
        assert part in page
    both = {"linear": report["learning_curves"]["lora"] | {"student": "linear"}, **report["learning_curves"]}
    assert "Would more rows help? A linear model" in render(typed({**report, "learning_curves": both}))
    assert "Would more rows help?" not in render(typed({**report, "learning_curves": {}}))


@pytest.mark.parametrize("render", [html, markdown])
def test_what_each_gate_is_worth_is_shown_with_its_price(
    render: Callable[[Report], str], report: Flat, typed: Typed
) -> None:
    page = render(typed(report))
    for part in (
        "judge is worth its price.",
        "the student learns the same rows without it",
        "points" if render is html else "+8.0 (+4.0 to +12.0, n = 96)",
        "(+4.0 to +12.0, n = 96)",
        "$0.12",
        "unknown",
        "hold for all that was left out together",
    ):
        assert part in page, part
    assert "What is each gate worth?" not in render(typed({**report, "ablations": {}}))


@pytest.mark.parametrize("render", [html, markdown])
@pytest.mark.parametrize(("answered", "why"), [(True, "no metric of this task judges"), (False, "no answer came")])
def test_an_exam_that_is_not_scored_says_why(
    render: Callable[[Report], str], answered: bool, why: str, report: Flat, typed: Typed
) -> None:
    lost = 0 if answered else report["exam"]["rows"]
    report["exam"] |= {"unanswered": lost, "teacher": None, "fields": [], "strata": [], "mistakes": []}
    assert why in render(typed(report))


@pytest.mark.parametrize("render", [html, markdown])
def test_an_exam_by_likeness_says_what_that_is_worth(
    render: Callable[[Report], str], report: Flat, typed: Typed
) -> None:
    report["exam"] |= {"kind": "text", "metric": "chrf"}
    page = render(typed(report))
    assert "Likeness is shared wording, not meaning or truth" in page
    assert "least like the known" in page


def test_a_linear_model_that_is_better_stands_beside_the_verdict(report: Flat, typed: Typed) -> None:
    """On the first screen, not only in the table."""
    assert [tile.name for tile in pages.tiles(typed(report).comparison)][2:] == ["Student's price"]
    report["arms"]["linear"] = {
        **report["arms"]["student"],
        "metrics": {"json_fields": {"mean": 0.95, "low": 0.9, "high": 0.98, "n": 96}},
    }
    report["differences"].append(
        {**report["differences"][0], "b": "linear", "mean": -0.07, "low": -0.12, "high": -0.02}
    )
    tile = pages.tiles(typed(report).comparison)[2]
    assert (tile.name, tile.value, tile.warn) == ("Linear model", "95.0 %", True)
    assert tile.note == "student against it \u22127.0 points; interval \u221212.0 to \u22122.0"
    assert 'class="tile warn"' in html(typed(report))
    report["arms"]["embedding"] = report["arms"]["linear"]
    report["differences"].append({**report["differences"][-1], "b": "embedding"})
    names = [tile.name for tile in pages.tiles(typed(report).comparison)]
    assert names[2:4] == ["Linear model", "Embedding model"]


@pytest.mark.parametrize("render", [html, markdown])
def test_stages_that_no_row_came_to_are_one_line(render: Callable[[Report], str], report: Flat, typed: Typed) -> None:
    report["funnel"] += [{"stage": name, "in": 0, "kept": 0, "dropped": {}} for name in ("ask", "answer")]
    assert "No row came to ask, answer." in render(typed(report))


def probed(report: Flat) -> Flat:
    """With a probe that failed, one that was not measured, and a diagnosis."""
    question = ProbeQuestion("style", "openings", "share of the commonest opening", "points", threshold=20.0)
    failed = question.answered(
        Estimate(62, 50, 70, 80), "50 of 80", [ProbeExample("s1", "my lamp", "Dear all", "seen")]
    )
    step = NextAction("a lower rate;", "run", options=["--set", "student.train.learning_rate=0.0005"])
    found = Diagnosis("probe_failed", "It has lost its variety.", ["n = 80"], step, also=["shift"])
    return report | {"probes": [asdict(failed), asdict(question.unmeasured("no rows"))], "diagnosis": asdict(found)}


def test_next_step_stands_right_under_the_verdict_and_the_probes_have_a_section(report: Flat, typed: Typed) -> None:
    page, md = html(typed(probed(report))), markdown(typed(probed(report)))
    for text in (" ".join(Page(page).text), md.replace("\\_", "_")):
        assert "It has lost its variety." in text
        assert "distill run prompts/support-triage/task.yaml --set student.train.learning_rate=0.0005" in text
        assert text.index("Next:") < text.index("What the mean does not show")
        assert "+62.0" in text
        assert "not measured" in text
        assert "Dear all" in text
        assert "shift" in text
    verdict = page[page.index('aria-label="Verdict"') : page.index("</section>")]
    assert "Next:" in verdict


def test_hostile_text_in_probes_and_diagnosis_stays_text(report: Flat, typed: Typed) -> None:
    hostile = probed(report)
    hostile["probes"][0] |= {
        "reason": ATTACK,
        "measure": ATTACK,
        "examples": [dict.fromkeys(("row", "asked", "said", "note"), ATTACK)],
    }
    hostile["diagnosis"] |= {
        "sentence": ATTACK,
        "evidence": [ATTACK],
        "examples": [dict.fromkeys(("row", "asked", "note"), ATTACK)],
    }
    hostile["diagnosis"]["step"] |= {"text": ATTACK, "options": [ATTACK]}
    page = Page(html(typed(hostile)))
    assert page.tags.count("script") == page.tags.count("img") == 0
    assert page.live == Page(html(typed(probed(report)))).live
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown(typed(hostile)))
    kinds = {one.type for token in tokens for one in (token, *(token.children or ()))}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "fence"}


def test_a_report_without_probes_has_no_such_section(report: Flat, typed: Typed) -> None:
    assert "What the mean does not show" not in html(typed(report)) + markdown(typed(report))
