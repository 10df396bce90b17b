"""Durations as people say them."""

from __future__ import annotations

import pytest

from distill.cli.durations import about, duration


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, "-"), (0.4, "0 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")]
)
def test_a_measured_time_has_two_units(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "less than a minute"), (49, "less than a minute"), (50, "about 1 minute"), (89, "about 1 minute"), (420, "about 7 minutes"),
     (3570, "about 1 h 00 min"), (7500, "about 2 h 05 min")],
)  # fmt: skip
def test_an_estimate_has_one(seconds: float, said: str) -> None:
    assert about(seconds) == said
