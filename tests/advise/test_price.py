"""Prices as people give them."""

from __future__ import annotations

import pytest

from distill.advise.price import read_price
from distill.errors import UsageError
from distill.records import Usage


def test_a_pair_is_dollars_a_million_tokens_and_a_name_is_of_the_table() -> None:
    pair, named = read_price("2.5/10", "--price"), read_price("gpt-4o", "--price")
    assert pair is not None
    assert named is not None
    assert pair(Usage(1_000_000, 100_000)) == pytest.approx(3.5)
    assert named(Usage(1000, 0)) > 0
    assert read_price(None, "--price") is None


@pytest.mark.parametrize("given", ["no-such-model", "2.5", "2.5/", "-1/2", "2/3/4", ""])
def test_what_is_no_price_is_said_with_what_is(given: str) -> None:
    with pytest.raises(UsageError, match=r"--price is .*expected dollars a million tokens"):
        read_price(given, "--price")
