"""The page for everybody: contrast in light and dark, names for drawings and tables, a list of contents, a phone, paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browsers import BROWSER, hidden_at_the_side, sheets
from report_parts import rarer_parts

from distill.report import page as pages
from distill.report.page import html
from distill.report.report import Report

Flat = dict[str, Any]
Typed = Callable[[Flat], Report]
CSS = (Path(pages.__file__).parent / "templates" / "style.css.j2").read_text()
TEXT = [
    ("ink", "bg"), ("ink", "card"), ("ink", "fill"), ("soft", "bg"), ("soft", "card"), ("soft", "fill"), ("student", "card"),
    ("student", "bg"), ("good", "card"), ("bad", "card"), ("unsure", "card"), ("unsure", "fill"), ("ink", "mark"),
]  # fmt: skip
DRAWN = ("student", "other", "kept", "gone", "unsure", "bad")
MIXED = re.compile(
    r"\.(?:heat \.)?([gh]\d)\{background:color-mix\(in srgb,var\(--(\w+)\) (\d+)%,(transparent|var\(--card\))\)\}"
)


def palette(dark: bool) -> dict[str, str]:
    blocks = re.findall(r":root\{(.*?)\}", CSS, re.DOTALL)
    return dict(re.findall(r"--(\w+):(#[0-9a-f]{3,8})", blocks[1 if dark else 0]))


def rgb(colour: str) -> tuple[float, ...]:
    digits = colour[1:] if len(colour) > 4 else "".join(two * 2 for two in colour[1:])
    return tuple(int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))


def luminance(colour: tuple[float, ...]) -> float:
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[float, ...], two: tuple[float, ...]) -> float:
    """By WCAG 2.2: 1 for the same colour, 21 for black on white."""
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_texts_have_the_contrast_of_level_aa_and_drawings_that_of_graphics(dark: bool) -> None:
    colours = {name: rgb(value) for name, value in palette(dark).items()}
    low = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in TEXT}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}
    drawn = {name: contrast(colours[name], colours["card"]) for name in DRAWN}
    assert {name: ratio for name, ratio in drawn.items() if ratio < 3} == {}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_words_in_the_cells_of_heat_maps_can_be_read(dark: bool) -> None:
    colours = {name: rgb(value) for name, value in palette(dark).items()}
    cells = MIXED.findall(CSS)
    assert len(cells) == 11
    for name, hue, share, _ in cells:
        part = int(share) / 100
        ground = tuple(part * a + (1 - part) * b for a, b in zip(colours[hue], colours["card"], strict=True))
        assert contrast(colours["ink"], ground) >= 4.5, name


class Structure(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture
def whole(report: Flat, typed: Typed) -> str:
    return html(typed(report | rarer_parts()))


def test_every_section_has_an_id_of_its_own_and_the_contents_lead_to_it(whole: str) -> None:
    page = Structure(whole)
    ids = [one["id"] for _, one in page.found if "id" in one]
    assert len(ids) == len(set(ids))
    assert [one for one in page.of("section") if not one.get("id")] == []
    assert [one["href"] for one in page.of("a")] == [f"#{one}" for one in ids if one not in ("verdict", "warnings")]


def test_drawings_are_named_and_the_heads_of_tables_say_what_they_head(whole: str) -> None:
    page = Structure(whole)
    assert [one for one in page.of("svg") if one.get("role") != "img" or not one.get("aria-label")] == []
    assert [one for one in page.of("th") if one.get("scope") not in ("col", "row")] == []
    assert page.of("html")[0]["lang"] == "en"


def test_headings_go_down_by_one_level(whole: str) -> None:
    levels = [int(tag[1]) for tag, _ in Structure(whole).found if re.fullmatch(r"h\d", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_what_scrolls_can_be_reached_by_the_keyboard(whole: str) -> None:
    found = [one for _, one in Structure(whole).found if "scroll" in (one.get("class") or "").split()]
    assert found
    assert all(one.get("tabindex") == "0" and one.get("aria-label") for one in found)


def test_the_verdict_stands_before_the_contents_and_all_else(whole: str) -> None:
    places = [
        whole.index(part)
        for part in ("<h1>", 'id="verdict"', "<nav", 'id="warnings"', 'id="arms"', 'id="alone"', 'id="strata"')
    ]
    places += [
        whole.index(f'id="{name}"')
        for name in ("labels-1", "judges", "answers", "funnel", "training", "cost", "pays", "repeat")
    ]
    assert places == sorted(places)


@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
def test_a_phone_needs_no_scrolling_sideways_and_paper_few_sheets(report: Flat, typed: Typed, tmp_path: Path) -> None:
    """Long words and long texts too; what is folded does not print."""
    report |= rarer_parts()
    report["by_label"]["intent"][0]["value"] = "a_label_" * 20
    report["heat_map"]["columns"][0] = "a_column_" * 12
    report["worst"][0]["student"] = "word" * 300
    page = tmp_path / "report.html"
    page.write_bytes(html(typed(report)).encode())
    # 320 is what WCAG asks for; the others are around the widths at which the page changes.
    widths = (320, 390, 770, 1010, 1280)
    assert hidden_at_the_side(page, widths) == dict.fromkeys(widths, 0)
    assert sheets(page) <= 16
