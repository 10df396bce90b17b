"""A tune's last day and price are the host's word, else the table's, and never its base's price."""

from __future__ import annotations

from datetime import date

import pytest

from distill.adopt.host.ends import last_day, rate_of
from distill.money import Rate, price_of
from distill.records import Usage

END = date(2027, 1, 14)


@pytest.mark.parametrize(
    ("model", "told", "day"),
    [
        ("ft:gpt-4o-mini-2024-07-18:acme::x", None, END),
        ("ft:gpt-4.1-2025-04-14:acme::x", None, END),
        ("ft:gpt-4.1-nano-2025-04-14:acme::x", None, date(2026, 10, 23)),
        ("ft:gpt-4.1-2025-04-14:acme::x", "2027-03-01", date(2027, 3, 1)),
        ("ft:gpt-4.1-2025-04-14:acme::x", "soon", END),
        ("ft:something:acme::x", None, None),
    ],
)
def test_the_last_day(model: str, told: str | None, day: date | None) -> None:
    assert last_day(model, model.split(":")[1], None, told) == day
    assert last_day(model, "", "https://gateway.example.com/v1", None) is None


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("ft:gpt-4o-mini-2024-07-18:acme::x", (0.3, 1.2)),
        ("ft:gpt-4o-2024-08-06:acme::x", (3.75, 15.0)),
        ("ft:gpt-4.1-mini-2025-04-14:acme::x", (0.8, 3.2)),
        ("ft:gpt-4.1-2025-04-14:acme::x", (3.0, 12.0)),
        ("ft:o4-mini-2025-04-16:acme::x", None),
    ],
)
def test_the_price_is_above_the_bases(model: str, price: tuple[float, float] | None) -> None:
    found = rate_of(model, "", None)
    assert (found and (found.input, found.output)) == price
    if found is not None:
        base = price_of(model.split(":")[1])
        assert base is not None
        assert base(Usage(10**6, 0)) < found.input


def test_elsewhere_nobody_knows_it_and_ones_own_server_is_free() -> None:
    assert rate_of("ft:gpt-4o-2024-08-06:a::x", "", "https://gateway.example.com/v1") is None
    assert rate_of("ft:gpt-4o-2024-08-06:a::x", "", "http://127.0.0.1:8000/v1") == Rate(0.0, 0.0)
