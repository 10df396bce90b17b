"""No window of a minute has more requests than allowed, and whoever waits as told is let in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.host.access.rates import Rates
from distill.protocol.error import ApiError


@given(st.integers(1, 5), st.lists(st.floats(0, 40), max_size=60))
def test_sliding_window(limit: int, pauses: list[float]) -> None:
    now, taken = 0.0, []
    rates = Rates(limit, clock=lambda: now)
    for pause in pauses:
        now += pause
        try:
            rates.take("key")
        except ApiError as refused:
            now += int(refused.headers["retry-after"])
            rates.take("key")
        taken.append(now)
    assert all(sum(at - 59.999 < one <= at for one in taken) <= limit for at in taken)


def test_headers_and_keys() -> None:
    rates = Rates(2)
    told = rates.take("a")
    assert (told["x-ratelimit-limit-requests"], told["x-ratelimit-remaining-requests"]) == ("2", "1")
    rates.take("a")
    with pytest.raises(ApiError, match="2 requests per minute") as refused:
        rates.take("a")
    assert (refused.value.status, refused.value.code) == (429, "rate_limit_exceeded")
    assert rates.take("b")["x-ratelimit-remaining-requests"] == "1"
    assert Rates(None).take("a") == {}
