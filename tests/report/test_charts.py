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


@given(st.lists(st.tuples(st.integers(1, 10**6), SHARE, SHARE, SHARE), min_size=1, max_size=8), SHARE, SHARE)
def test_a_curve_is_well_formed_has_words_and_stays_inside(
    points: list[tuple[float, float, float, float]], low: float, high: float
) -> None:
    """Whatever its scale; a point outside of it stands at the edge."""
    svg = ElementTree.fromstring(charts.curve(points, low=low, high=max(low, high)))  # noqa: S314 - our own drawing
    assert svg.get("aria-label")
    joined = next(shape for shape in svg.iter() if shape.tag.endswith("polyline"))
    for x, y in (map(float, place.split(",")) for place in joined.get("points", "").split()):
        assert 0 <= x <= 600
        assert 0 <= y <= 240


def test_a_curve_marks_what_is_allowed_and_what_is_kept() -> None:
    svg = ElementTree.fromstring(  # noqa: S314 - our own drawing
        charts.curve([(50.0, 0.1, 0.0, 0.2), (100.0, 0.4, 0.3, 0.5)], low=0, high=1, limit=0.25, at=62.0)
    )
    across, upright = [shape for shape in svg if shape.get("class") == "floor"]
    assert (across.get("y1"), across.get("y2")) == ("180.0", "180.0")
    assert (upright.get("x1"), upright.get("x2")) == ("372.0", "372.0")


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


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=30),
    st.lists(SHARE, max_size=3),
)
def test_a_histogram_is_well_formed_and_stays_inside(bins: list[tuple[int, int]], marks: list[float]) -> None:
    """Every part that holds a value is drawn, however few; columns and marks lie in the drawing."""
    svg = ElementTree.fromstring(charts.histogram(bins, marks=marks))  # noqa: S314 - our own drawing
    parts = [shape for shape in svg if shape.tag == "rect"]
    assert len(parts) == sum(count > 0 for pair in bins for count in pair)
    for part in parts:
        x, y, width, height = (float(part.get(name, "")) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + width <= 600.1
        assert 0 < height <= 121
        assert y >= -3.1
    assert all(0 <= float(shape.get("x1", "")) <= 600 for shape in svg if shape.tag == "line")
