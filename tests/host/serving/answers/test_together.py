"""Several answers at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

import pytest

from distill.host.serving.answers import together


class Counted:
    def __init__(self) -> None:
        self.now = self.most = self.ended = 0

    async def one(self, place: int, *, fails: bool = False) -> int:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(0.01)
            if fails:
                raise ValueError(place)
        finally:
            self.now -= 1
            self.ended += 1
        return place

    async def stream(self, place: int, *, fails: bool = False) -> AsyncGenerator[str, None]:
        for letter in "ab":
            await self.one(place, fails=fails)
            yield f"{place}{letter}"


async def test_what_each_makes_comes_in_order_and_no_more_work_than_is_wide() -> None:
    counted = Counted()
    assert await together.gathered([partial(counted.one, place) for place in range(7)], width=3) == list(range(7))
    assert counted.most == 3


async def test_the_first_failure_ends_the_others() -> None:
    counted = Counted()
    with pytest.raises(ValueError, match="1"):
        await together.gathered([partial(counted.one, place, fails=place == 1) for place in range(50)], width=2)
    assert counted.now == 0
    assert counted.ended < 10
    with pytest.raises(ValueError, match="1"):
        async for _ in together.merged([counted.stream(place, fails=place == 1) for place in range(50)], width=2):
            pass
    assert counted.now == 0


async def test_streams_keep_their_own_order() -> None:
    counted = Counted()
    told: dict[int, list[str]] = {}
    async for place, part in together.merged([counted.stream(place) for place in range(5)], width=2):
        told.setdefault(place, []).append(part)
    assert told == {place: [f"{place}a", f"{place}b"] for place in range(5)}
    assert counted.most == 2


async def test_a_reader_that_leaves_ends_the_work() -> None:
    counted = Counted()
    async with aclosing(together.merged([counted.stream(place) for place in range(5)], width=5)) as parts:
        async for _ in parts:
            break
    assert counted.now == 0
