"""A price as a person gives it: a model that the price table knows, or dollars for a million tokens in and out."""

from __future__ import annotations

import re

from distill.errors import UsageError
from distill.money import Price, Rate, price_of

_RATE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)\s*")


def read_price(given: str | None, option: str) -> Price | None:
    """`2.5/10` or a model's name, None where nothing is given; UsageError says what was expected of `option`."""
    if given is None:
        return None
    if match := _RATE.fullmatch(given):
        return Rate(float(match[1]), float(match[2])).usd
    price = price_of(given)
    if price is None:
        raise UsageError(
            f"{option} is {given[:80]!r}, a model whose price nobody knows; expected dollars a million tokens in and out, "
            "say 2.5/10, or a model of the price table, say gpt-4o-mini"
        )
    return price
