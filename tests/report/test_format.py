"""Numbers as the report shows them."""

from __future__ import annotations

import pytest

from distill.report.format import count, level, percent, points, seconds, signed, usd


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (percent(0.8754), "87.5 %"),
        (percent(None), "\u2013"),
        (signed(-0.034), "\u22123.4"),
        (signed(-0.0001), "0.0"),
        (count(12345.6), "12,346"),
        (usd(0), "$0"),
        (usd(0.00042), "$0.00042"),
        (usd(1234.5), "$1,234.50"),
        (usd(-2.891), "\u2212$2.89"),
        (usd(None), "unknown"),
        (usd(float("nan")), "\u2013"),
        (points(0.05), "5 points"),
        (points(None), "\u2013"),
        (seconds(0.042), "42 ms"),
        (seconds(1.25), "1.2 s"),
    ],
)
def test_numbers_read_as_people_write_them(shown: str, expected: str) -> None:
    assert shown == expected


@pytest.mark.parametrize(("score", "step"), [(0.0, 0), (0.16, 0), (0.17, 1), (0.5, 3), (0.9, 5), (1.0, 5), (-0.2, 0)])
def test_a_score_has_one_of_six_steps_of_colour(score: float, step: int) -> None:
    assert level(score) == step
