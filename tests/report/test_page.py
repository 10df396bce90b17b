from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt

from distill.evaluate.diagnosis.result import Diagnosis, NextAction
from distill.evaluate.probes.result import ProbeExample, ProbeQuestion
from distill.report import page as pages
from distill.report.page import html, markdown
from distill.report.report import Report
from distill.stats import Estimate

Flat = dict[str, Any]
Typed = Callable[[Flat], Report]
ATTACK = (
    "\"'><script>x()</script><img src=http://e.example/ onerror=x()>{{7*7}}{% raw %}|"
    " [a](javascript:x) www.e.example \ud800\x00"
)


class Page(HTMLParser):
    """Counts the elements of a page, and keeps what could run or fetch."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []
        self.live: list[tuple[str, str | None]] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        """What its links inside the page lead to."""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.live += [
            (name, value)
            for name, value in attrs
            if name.startswith("on") or (name in {"src", "href"} and not (value or "").startswith("#"))
        ]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.targets += [(value or "")[1:] for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


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
        "tokens": None, "total": None, "exam": None, "ceiling": None, "teacher_errors": None, "judging": None, "heat_map": None,
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
