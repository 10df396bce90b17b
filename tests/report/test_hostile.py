"""Hostile text in each text field of a report, and in its names, stays text: on the parsed page, in Markdown, and in a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import fields
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from browsers import BROWSER, dumped
from hostile_texts import RUN, hostile_texts
from markdown_it import MarkdownIt
from report_parts import rarer_parts

from distill.report.page import html, markdown
from distill.report.report import Report

Flat = dict[str, Any]
Typed = Callable[[Flat], Report]
LOOKED_UP = {
    "bound",
    "target",
    "cause",
    "also",
    "unit",
    "metric",
    "word",
    "kind",
    "with",
    "state",
    "source",
    "began",
    "over",
    "against",
    "way",
}
"""Fields of our own words, by which a template decides what it says."""
SAFE = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "nav", "ol", "ul", "li", "a", "section", "h1", "h2", "h3", "p", "div",
    "span", "b", "i", "u", "small", "br", "code", "pre", "mark", "blockquote", "details", "summary", "table", "caption", "thead", "tbody", "tr",
    "th", "td", "dl", "dt", "dd", "footer", "svg", "g", "line", "rect", "circle", "path", "polyline",
}  # fmt: skip


class Elements(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture
def whole(report: Flat) -> Flat:
    """A report with every part that there is."""
    report |= rarer_parts()
    report["arms"]["previous"] = report["arms"]["base"]
    report["differences"].append({**report["differences"][0], "b": "previous"})
    return report


def placed(value: Any, text: Callable[[], str], name: str = "") -> Any:
    """`value` with a hostile text behind each of its texts, and behind names that come from outside."""
    if isinstance(value, dict):
        named = name in {
            "by_label",
            "strata",
            "dropped",
            "where",
            "packages",
            "reasons",
            "changes",
            "why_added",
            "why_gone",
            "dimensions",
            "unread",
        }
        return {key + text() if named else key: placed(inner, text, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [placed(inner, text, name if isinstance(inner, str) else "") for inner in value]
    return value + text() if isinstance(value, str) and name not in LOOKED_UP else value


def hostile(whole: Flat, texts: Iterator[str]) -> Flat:
    """Each field with the next of `texts`; arms of the report's own keep their names, and one more has a hostile one."""
    changed: Flat = placed(whole, lambda: next(texts))
    changed["differences"] = whole["differences"]
    for part in ("pass_rates", "pairs"):
        changed["judging"][part] = [*changed["judging"][part], *whole["judging"][part]]
    changed["arms"][next(texts)] = changed["arms"]["base"]
    return changed


def reports(whole: Flat, typed: Typed, texts: list[str], step: int = 37) -> Iterator[Report]:
    """Reports in which the texts stand in the fields in turn, until each has stood in many kinds of field."""
    for start in range(0, len(texts), step):
        yield typed(hostile(whole, cycle(texts[start:] + texts[:start])))


def faults(page: Elements) -> list[str]:
    """What on a page could run or fetch."""
    found = []
    for tag, attributes in page.found:
        found += [tag] if tag not in SAFE else []
        found += [
            f"{tag} {name}={value}"
            for name, value in attributes.items()
            if name.startswith("on")
            or name in {"src", "srcdoc", "srcset", "action", "data", "poster", "background", "ping", "xlink:href"}
            or (name == "href" and not (value or "").startswith("#"))
            or (name == "style" and not (value or "").replace(".", "").rstrip("%").partition(":")[2].isdigit())
            or (name == "http-equiv" and value != "Content-Security-Policy")
        ]
    return found


def test_there_are_250_texts_and_more() -> None:
    assert len(hostile_texts("http://127.0.0.1:1")) >= 250


def test_the_report_has_every_part_that_there_is(whole: Flat, typed: Typed) -> None:
    """A part that is new to the report is put into the sample, or no hostile text ever stands in it."""
    found = typed(whole)
    parts = {each.name: getattr(owner, each.name) for owner in (found, found.comparison) for each in fields(owner)}
    assert [name for name, value in parts.items() if value is None or value in ({}, [], ())] == []


def test_no_text_becomes_an_element_or_an_attribute_that_acts(whole: Flat, typed: Typed) -> None:
    texts = hostile_texts("http://127.0.0.1:1")
    seen = set[str]()
    calm = {tag for tag, _ in Elements(html(typed(whole))).found}
    for found in reports(whole, typed, texts):
        text = html(found)
        text.encode()
        page = Elements(text)
        assert faults(page) == []
        assert {tag for tag, _ in page.found} <= calm | {"code"}
        shown = "".join(page.text)
        seen |= {text for text in texts if text in shown}
    lost = [text for text in texts if text not in seen and text.isprintable() and "`" not in text]
    assert lost == [], "each of them stands on a page as it is"


def test_no_text_becomes_markup_in_markdown(whole: Flat, typed: Typed) -> None:
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    calm = [tag for tag, _ in Elements(reader.render(markdown(typed(whole)))).found]
    for report in reports(whole, typed, hostile_texts("http://127.0.0.1:1")):
        found = Elements(reader.render(markdown(report))).found
        assert {tag for tag, _ in found} <= set(calm)
        assert not [
            name for _, attributes in found for name in attributes if name.startswith("on") or name in {"src", "href"}
        ]


def test_the_parser_of_these_tests_sees_what_acts() -> None:
    texts = [text for text in hostile_texts("http://127.0.0.1:1") if text.startswith("<") and "&lt;" not in text]
    caught = [text for text in texts if faults(Elements(text))]
    assert len(caught) > 0.85 * len(texts)


@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
async def test_a_browser_runs_no_script_and_sends_no_request(whole: Flat, typed: Typed, tmp_path: Path) -> None:
    """The same texts let through on a page without a policy do run, and do fetch: so the two counts can be other than 0."""
    sent: list[bytes] = []

    async def noted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent.append(await reader.readline())
        writer.close()

    server = await asyncio.start_server(noted, "127.0.0.1", 0)
    async with server:
        texts = hostile_texts(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        for number, found in enumerate(reports(whole, typed, texts, step=111)):
            file = tmp_path / f"{number}.html"
            file.write_bytes(html(found).encode())
            drawn = await asyncio.to_thread(dumped, file)
            assert "How to repeat it" in drawn
            assert "data-ran" not in drawn.partition("<head>")[0]
        assert sent == []
        for name, raw in (
            ("runs", f"<svg onload={RUN}>"),
            ("fetches", next(text for text in texts if "<img src=http" in text)),
        ):
            (tmp_path / f"{name}.html").write_text(f"<!doctype html><html><head></head><body>{raw}</body></html>")
        assert "data-ran" in (await asyncio.to_thread(dumped, tmp_path / "runs.html")).partition("<head>")[0]
        await asyncio.to_thread(dumped, tmp_path / "fetches.html")
        assert sent
