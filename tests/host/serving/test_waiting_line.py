"""Who computes next."""

from __future__ import annotations

import asyncio

import pytest

from distill.host.serving.waiting_line import WaitingLine
from distill.protocol.error import ApiError


async def test_first_come_first_served_and_the_line_ends_somewhere() -> None:
    line, order, now = WaitingLine(slots=2, longest=3), list[int](), [0, 0]

    async def one(place: int) -> None:
        async with line.turn():
            now[0] += 1
            now[1] = max(now)
            order.append(place)
            await asyncio.sleep(0.01)
            now[0] -= 1

    asked = [asyncio.create_task(one(place)) for place in range(6)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert order == [0, 1, 2, 3, 4]
    assert now[1] == 2
    assert isinstance(found[5], ApiError)
    assert (found[5].status, found[5].code) == (503, "overloaded")


async def test_who_leaves_the_line_leaves_no_gap() -> None:
    line = WaitingLine(slots=1)
    async with line.turn():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_turn(line), 0.01)
        assert line.waiting == 0
    await asyncio.wait_for(_turn(line), 1)


async def _turn(line: WaitingLine) -> None:
    async with line.turn():
        pass
