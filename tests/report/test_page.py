from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from markdown_it import MarkdownIt
from parsed_page import ATTACK, Page

from distill.report import page as pages
from distill.report.page import html, markdown
from distill.report.report import Report

Flat = dict[str, Any]
Typed = Callable[[Flat], Report]


def everywhere(value: Any, change: Callable[[str], str]) -> Any:
    """`value` with every text in it changed; the names under which the page looks things up stay."""
    if isinstance(value, dict):
        return {key: everywhere(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [everywhere(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value


def attacked(report: Flat) -> Flat:
    """The attack in each text, but for the names that the page looks up."""
    hostile: Flat = everywhere(report, lambda text: text + ATTACK)
    hostile["verdict"]["word"] = report["verdict"]["word"]
    return hostile | {key: report[key] for key in ("metric", "differences")}


def test_every_section_stands_on_the_page(report: Flat, typed: Typed) -> None:
    said = " ".join(Page(html(typed(report))).text)
    for section in (
        "The student does this task as well as the teacher.",
        "Warnings",
        "How good is it?",
        "Does it keep to the format?",
        "Where is it strong, where weak?",
        "How far can it get with this teacher?",
        "Strata in which the student fell",
        "Its worst answers and its best",
        "style by intent",
        "What do judges say?",
        "Would more rows help?",
        "Can the teacher do the task?",
        "What happened to the rows",
        "Is the dataset balanced?",
        "What each stratum lost, and why",
        "Scores, and where the limit lies",
        "The answers before and after curation",
        "Near-duplicates among the seeds",
        "How the training went",
        "The job that trained it",
        "What it cost",
        "How to repeat it",
    ):
        assert section in said
    for number in (
        "88.0 %",
        "+0.5",
        "$0.021",
        "near_duplicate",
        "too few",
        "us, in part",
        "at_least 0.6",
        "max_tokens 60",
        "cost most",
        "Sure! Here is how.",
        "12 seeds, 1 kept",
        "2 of 96 without an answer",
        "gpt-6-luna and claude-sonnet-5 decide alike on 88 % of 190 answers (AC1 0.80)",
        "kappa 0.70",
        "16 of equal texts, 4 inconsistent",
        "+13.0",
    ):
        assert number in said


def test_hostile_text_in_every_field_stays_text(report: Flat, typed: Typed) -> None:
    """The attack in each text of the report adds no element that acts, and nothing live."""
    hostile = attacked(report)
    hostile["strata"] = {ATTACK: hostile["strata"]["intent"]}
    hostile["edge_cases"][0]["where"] = {ATTACK: ATTACK}
    hostile["funnel"][0]["dropped"] = {ATTACK: 1}
    hostile["run"]["packages"] = {ATTACK: ATTACK}
    hostile["arms"][ATTACK] = hostile["arms"]["base"]
    page = html(typed(hostile))
    found = Page(page)
    assert {"script", "img", "iframe", "link"}.isdisjoint(found.tags)
    assert found.live == []
    assert "{{7*7}}" in page
    assert "<script>x()</script>" in "".join(found.text)
    page.encode()
    assert "\x00" not in page


def test_the_page_forbids_itself_to_run_or_fetch(report: Flat, typed: Typed) -> None:
    page = html(typed(report))
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "url(" not in page


@pytest.mark.parametrize("render", [html, markdown])
def test_page_without_figures_has_no_sections(render: Callable[[Report], str], report: Flat, typed: Typed) -> None:
    """What is empty leaves its section out, one by one and all together."""
    empty = {name: type(value)() for name, value in report.items() if isinstance(value, list | dict)}
    whole = ("title", "run", "teacher", "student", "dataset", "verdict", "by_stratum", "clusters", "tokens", "exam")
    bare = {name: value for name, value in empty.items() if name not in whole} | {
        "tokens": None, "total": None, "exam": None, "ceiling": None, "teacher_errors": None, "judging": None, "heat_map": None, "seeds": None,
        "by_stratum": {"columns": [], "rows": [], "more": 0},
        "clusters": {"seeds": 0, "count": 0, "rows": 0, "largest": []},
    }  # fmt: skip
    for name, value in bare.items():
        assert "How to repeat it" in render(typed({**report, name: value}))
    page = render(typed({**report, **bare}))
    assert "How good is it?" not in page
    assert "What it cost" not in page


def test_page_refuses_a_misspelt_name(report: Flat, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that the report has not, at the top or below, is an error and no section that is silently left out."""
    from jinja2 import DictLoader, UndefinedError

    environment = pages._environment(autoescape=True)
    monkeypatch.setattr(pages, "_html_environment", lambda: environment)
    for text in ("{% if wrost %}x{% endif %}", "{% if arms.teacher.latncy %}x{% endif %}", "{{ run.nmuber }}"):
        environment.loader = DictLoader({"page.html.j2": text})
        with pytest.raises(UndefinedError):
            html(typed(report))


def test_timeline_is_drawn_beside_a_comparison(report: Flat, typed: Typed) -> None:
    part = {"way": "batch", "name": "batch_1", "spender": "teacher", "start": 0.1, "end": 0.9, "from_": "01:00:00"}
    part |= {"until": "05:00:00", "rows": 400, "answered": 398, "usd": 0.4, "ended": "completed"}
    report["timeline"] = {
        "began": "2026-11-21 01:00:00",
        "over": "2026-11-21 05:00:00",
        "parts": [part],
        "usd": {"batch": 0.4, "live": 0.0},
        "rows": {"batch": 398, "live": 0},
        "deadline": None,
    }
    assert "Batch jobs and live requests" in " ".join(Page(html(typed(report))).text)


def test_every_stratum_stands_once_with_its_losses(report: Flat, typed: Typed) -> None:
    """Twelve are seen at once and the others are a click away; what is spare is no loss in words either."""
    page = html(typed(report))
    for row in report["by_stratum"]["rows"]:
        assert page.count(f'<td title="{row["stratum"]}">') == 1
    assert page.index("21 more strata") < page.index('title="shop 20"')
    assert "| return | 24 | 12 | 46 % | not\\_json 11 |" in markdown(typed(report))


def test_a_refresh_shows_both_students(report: Flat, typed: Typed) -> None:
    report["arms"]["previous"] = report["arms"]["base"]
    report["differences"].append({**report["differences"][0], "b": "previous", "mean": 0.04})
    report["previous"] = {"run": "002", "sentences": ["It is better."], "changes": {"asked again": "20"}}
    said = " ".join(Page(html(typed(report))).text)
    assert "Against the previous student" in said
    assert "+4.0" in said
    assert "asked again: 20" in said


def test_long_text_is_clipped_and_whole_inside(report: Flat, typed: Typed) -> None:
    report["worst"][0]["student"] = "word " * 5000
    page = html(typed(report))
    assert "whole text, 25,000 characters" in page


def test_markdown_tables_keep_their_columns_under_attack(report: Flat, typed: Typed) -> None:
    """Rendered by a Markdown reader, the attack makes no element, no link and no further cell."""
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    calm = Page(reader.render(markdown(typed(report))))
    hostile = attacked(report)
    found = Page(reader.render(markdown(typed(hostile))))
    assert found.tags == calm.tags
    assert found.live == []


def test_a_report_of_a_dataset_alone_has_no_table_without_figures(report: Flat, typed: Typed) -> None:
    arm = {**report["arms"]["teacher"], "metrics": {}}
    verdict = {
        "word": "dataset only",
        "sentences": ["Dataset only: no student was asked, so nothing was compared."],
        "rows_needed": None,
    }
    bare = {**report, "verdict": verdict, "arms": {"teacher": arm}, "differences": [], "by_label": {}, "worst": []}
    for page in (html(typed(bare)), markdown(typed(bare))):
        assert "How good is it?" not in page
        assert "nothing was compared" in page.lower()


def test_plain_answers_are_called_answers(report: Flat, typed: Typed) -> None:
    assert "answers right" in markdown(typed({**report, "kind": "plain"}))
    assert "answers right" not in markdown(typed(report))


def test_the_worst_answers_say_what_differs(report: Flat, typed: Typed) -> None:
    page = markdown(typed(report))
    assert "what differs" in page
    name, reason = next(iter(report["worst"][0]["reasons"].items()))
    assert name in ("json_fields", "agreement", "schema")
    assert reason.split()[0].strip("`:") in page
