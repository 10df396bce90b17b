"""Requests and tokens a minute, how many in flight, and the pause an endpoint asks for."""

from __future__ import annotations

import asyncio
import time

import pytest
from no_wait import run

from distill.teacher import pace as limits
from distill.teacher.pace import Pace, Waiting


@pytest.fixture(autouse=True)
def short_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute of one second, for the throttle looks at the clock a hundred times in each."""
    monkeypatch.setattr(limits, "WINDOW_S", 1.0)


def pace(*, requests: int = 10_000, tokens: int = 1_000_000, in_flight: int = 1000) -> Pace:
    """Both limits given, so that nothing is to be learnt first."""
    return Pace(requests_per_minute=requests, tokens_per_minute=tokens, in_flight=in_flight)


async def turn(of: Pace, tokens: int = 1) -> Waiting:
    given = await of.turn(tokens)
    assert given is not None
    return given


def turns(of: Pace, count: int, tokens: int = 1) -> list[float]:
    """When each of `count` callers that came at once got its turn, in seconds; each is done at once."""
    return run(_turns(of, count, tokens))


async def _turns(of: Pace, count: int, tokens: int) -> list[float]:
    started = time.monotonic()

    async def one() -> float:
        given = await turn(of, tokens)
        at = time.monotonic() - started
        of.done(given, tokens=tokens)
        return at

    return sorted(await asyncio.gather(*(one() for _ in range(count))))


def test_no_window_holds_more_requests_than_the_limit() -> None:
    """Of seven at three a window, the fourth and the seventh wait for a new window."""
    at = turns(pace(requests=3), 7)
    assert at[:3] == [0, 0, 0]
    assert 1.0 <= at[3] < 1.1
    assert 2.0 <= at[6] < 2.2


def test_what_is_free_gets_its_turn_at_once() -> None:
    """By all four brakes; and one that begins anew begins with one call."""

    async def work() -> list[bool]:
        of, found = pace(requests=3, tokens=100, in_flight=2), []
        found.append(of.free(100))
        first, second = await turn(of, 60), await turn(of, 30)
        found.append(of.free(1))  # both in flight
        of.done(first, tokens=60)
        found += [of.free(10), of.free(11)]  # of 100 tokens
        of.done(second, tokens=30)
        of.done(await turn(of, 1), tokens=1)
        found.append(of.free(1))  # three in the minute
        await asyncio.sleep(1.1)
        found.append(of.free(1))
        of.restart()
        held = await turn(of, 1)
        found.append(of.free(1))
        of.done(held, tokens=1, limited=True, wait_s=5)
        return [*found, of.free(1)]

    assert run(work()) == [True, False, True, False, False, True, False, False]


def test_no_window_holds_more_tokens_than_the_limit() -> None:
    """Two of 40 tokens fit into 100, the third waits; one of 500 goes alone instead of never."""
    at = turns(pace(tokens=100), 3, tokens=40)
    assert at[:2] == [0, 0]
    assert 1.0 <= at[2] < 1.1
    assert turns(pace(tokens=100), 1, tokens=500) == [0]


def test_what_was_used_replaces_what_was_reserved() -> None:
    """A reservation of 100 that used 10 leaves room at once; one that used more than it said takes it."""
    full = pace(tokens=100)

    async def waits() -> tuple[float, float]:
        full.done(await turn(full, 100), tokens=10)
        return (await _turns(full, 1, 90))[0], (await _turns(full, 1, 1))[0]

    room, none = run(waits())
    assert room == 0
    assert none >= 1.0
    assert full.tokens_per_minute == 100


def test_a_pause_holds_everybody_and_the_longest_wins() -> None:
    """Two 429s: the later, shorter Retry-After does not shorten the first."""
    busy = pace()

    async def waits() -> list[float]:
        first, second = await turn(busy), await turn(busy)
        busy.done(first, tokens=0, limited=True, wait_s=400)
        busy.done(second, tokens=0, limited=True, wait_s=100)
        return await _turns(busy, 3, 1)

    assert run(waits()) == pytest.approx([400] * 3)


async def test_a_burst_cuts_once_and_a_second_burst_again() -> None:
    """Sixty 429s of one burst halve the level once; a later one halves it again; answers let it climb back."""
    busy = pace(in_flight=64)
    for given in [await turn(busy) for _ in range(60)]:
        busy.done(given, tokens=0, limited=True)
    assert busy.level == 32
    busy.done(await turn(busy), tokens=0, limited=True)
    assert busy.level == 16
    for _ in range(40):
        busy.done(await turn(busy), tokens=1)
    assert 50 < busy.level < 64, "fast to nine tenths of where it worked, slowly from there"


async def test_no_more_are_in_flight_than_the_level() -> None:
    """With two out at a level of two, the third waits for one to come home."""
    narrow = pace(in_flight=2)
    first, _ = await turn(narrow), await turn(narrow)
    waiting = asyncio.create_task(narrow.turn(1))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    narrow.done(first, tokens=1)
    assert await waiting is not None


async def test_limits_are_learnt_from_the_first_answer_and_only_where_the_spec_is_silent() -> None:
    """The first call goes alone; its headers set what was left open."""
    told = {"x-ratelimit-limit-requests": "7", "x-ratelimit-limit-tokens": "900"}
    silent = Pace(tokens_per_minute=50, in_flight=10)
    first = await turn(silent)
    others = [asyncio.create_task(silent.turn(1)) for _ in range(3)]
    await asyncio.sleep(0.05)
    assert silent.out == 1
    silent.done(first, tokens=3, headers=told)
    assert all(await asyncio.gather(*others))
    assert (silent.requests_per_minute, silent.tokens_per_minute) == (7, 50)


async def test_a_closing_run_does_not_wait() -> None:
    """Who waits for a turn when the run is told to stop gets none, soon."""
    paused = pace()
    paused.done(await turn(paused), tokens=0, limited=True, wait_s=60)
    assert paused.pause_s > 50
    closing = False
    waiting = asyncio.create_task(paused.turn(1, lambda: closing))
    await asyncio.sleep(0.05)
    closing = True
    assert await asyncio.wait_for(waiting, 5) is None


@pytest.mark.parametrize("odd", ["²", "٣", "1e3", "-5", "", "9" * 5000, "0", "3.5"])
def test_a_header_that_is_no_count_is_none(odd: str) -> None:
    """A digit of another script is no number that a header may hold, and never ends a run."""
    pace = Pace(in_flight=4)
    turn = asyncio.run(pace.turn(1))
    assert turn is not None
    pace.done(turn, tokens=1, headers={"x-ratelimit-limit-requests": odd, "x-ratelimit-limit-tokens": odd})
    assert (pace.requests_per_minute, pace.tokens_per_minute) == (None, None)
