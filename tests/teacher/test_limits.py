"""Requests and tokens a minute, and the pause an endpoint asks for."""

from __future__ import annotations

import asyncio
import time

import pytest

from distill.teacher import limits
from distill.teacher.limits import Pace


@pytest.fixture(autouse=True)
def short_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute of half a second."""
    monkeypatch.setattr(limits, "WINDOW_S", 0.5)


async def turns(pace: Pace, count: int, tokens: int = 1) -> list[float]:
    """When each of `count` callers that came at once got its turn, in seconds."""
    started = time.monotonic()

    async def one() -> float:
        await pace.turn(tokens)
        return time.monotonic() - started

    return sorted(await asyncio.gather(*(one() for _ in range(count))))


async def test_no_window_holds_more_requests_than_the_limit() -> None:
    """Of seven at three a window, the fourth and the seventh wait for a new window."""
    at = await turns(Pace(requests_per_minute=3), 7)
    assert at[2] < 0.3
    assert at[3] >= 0.45
    assert at[6] >= 0.95


async def test_no_window_holds_more_tokens_than_the_limit() -> None:
    """Two of 40 tokens fit into 100, the third waits; one of 500 goes alone instead of never."""
    at = await turns(Pace(tokens_per_minute=100), 3, tokens=40)
    assert at[1] < 0.3
    assert at[2] >= 0.45
    assert (await turns(Pace(tokens_per_minute=100), 1, tokens=500))[0] < 0.3


async def test_what_was_used_replaces_what_was_reserved() -> None:
    """A reservation of 100 that used 10 leaves room at once."""
    pace = Pace(tokens_per_minute=100)
    pace.used(await pace.turn(100), 10)
    assert (await turns(pace, 1, tokens=90))[0] < 0.3


async def test_a_pause_holds_everybody_and_the_longest_wins() -> None:
    """A later, shorter pause does not shorten it."""
    pace = Pace()
    pace.pause(0.4)
    pace.pause(0.1)
    assert (await turns(pace, 3))[0] >= 0.35
