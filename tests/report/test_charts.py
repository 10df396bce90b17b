from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.report import charts

SHARE = st.floats(-2, 2)


@given(SHARE, SHARE, SHARE)
def test_every_mark_is_well_formed_has_words_and_stays_inside(mean: float, low: float, high: float) -> None:
    for drawn in (
        charts.whisker(mean, low, high, floor=low),
        charts.gap(mean, low, high, margin=0.02, span=0.3),
        charts.bar(mean, rest=high),
    ):
        svg = ElementTree.fromstring(drawn)  # noqa: S314 - our own drawing
        assert svg.get("aria-label")
        for shape in svg.iter():
            for name in ("x1", "x2", "cx", "width"):
                assert 0 <= float(shape.get(name, "0").rstrip("%")) <= 100


def test_a_class_cannot_carry_markup() -> None:
    assert '"><script>' not in charts.whisker(0.5, 0.4, 0.6, kind='"><script>')


@pytest.mark.parametrize(
    ("points", "drawn"),
    [([], False), ([(1.0, float("nan"))], False), ([(1.0, 0.0)], True), ([(1.0, 2.0), (2.0, 1.0)], True)],
)
def test_lines_leave_out_what_is_no_number(points: list[tuple[float, float]], drawn: bool) -> None:
    svg = charts.lines({"train_loss": points})
    assert bool(svg) is drawn
    assert "nan" not in svg
