"""Rates have sources, and each can be given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from distill.advise.scale.rates import RATES, changed, read
from distill.errors import UsageError


def test_a_given_rate_replaces_its_default_alone() -> None:
    found = read(["gpu_usd_an_hour=1.5", " days = 3"])
    assert (found["gpu_usd_an_hour"], found["days"]) == (1.5, 3)
    assert changed(found) == ["gpu_usd_an_hour", "days"]
    assert set(found) == set(RATES)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("gpu_usd=1", "known name; did you mean 'gpu_usd_an_hour'"),
        ("days", "expected NAME=VALUE"),
        ("days=0", "--input days=0: expected a number above 0"),
        ("days=soon", "expected a number above 0"),
        ("packed=1.5", "a share above 0, at most 1"),
    ],
)
def test_what_cannot_be_read_is_refused(given: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read([given])


def test_the_measured_rate_is_that_of_the_page_on_benchmarks() -> None:
    page = (Path(__file__).parents[3] / "docs" / "benchmarks.md").read_text()
    million = re.search(
        r"\| `curation.py` \| seconds for 10,000, 100,000 and a million \| linear \| .*, ([\d,]+) \|", page
    )
    assert million is not None
    assert RATES["curate_rows_a_second"].value == pytest.approx(1e6 / float(million[1].replace(",", "")), rel=0.01)
