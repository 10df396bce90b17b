"""What one of several endpoints has come to."""

from __future__ import annotations

import asyncio

from no_wait import run

from distill.records import Answer, Ended, Usage
from distill.teacher.endpoint.scripted import Scripted
from distill.teacher.pace import Pace
from distill.teacher.pool.member import Member


def test_calls_are_counted_by_how_they_ended_and_tokens_by_the_second() -> None:
    async def work() -> Member:
        one = Member(Scripted(), Pace())
        assert one.tokens_a_second is None
        one.sent()
        await asyncio.sleep(2)
        one.count(Answer("r", Ended.OK, usage=Usage(9, 30)))
        one.count(Answer("r", Ended.RATE_LIMITED))
        one.count(Answer("r", Ended.BROKEN))
        assert one.tokens_a_second is not None
        assert round(one.tokens_a_second) == 15
        return one

    one = run(work())
    assert (one.sends, one.answered, one.rate_limited, one.failed) == (1, 1, 1, 1)
