"""One attempt: within its deadline, classified, and without the key in what is kept."""

from __future__ import annotations

import asyncio
from typing import Any

from distill.records import Ended, Request
from distill.teacher import client, retry

ASKED = Request("x", {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8})


def test_rate_limits_never_give_up() -> None:
    """A 429 is sent again however often; a refused request never is."""
    from distill.records import Answer

    assert retry.again(Answer("x", Ended.RATE_LIMITED), failures=99, attempts=3)
    assert not retry.again(Answer("x", Ended.OVERLOADED), failures=3, attempts=3)
    assert not retry.again(Answer("x", Ended.REFUSED), failures=0, attempts=3)


def test_an_endpoint_that_is_not_there_is_a_connection_failure() -> None:
    """A refused base_url is an Answer with its cause and costs nothing."""

    async def call() -> Any:
        endpoint = client.Endpoint("m", "http://127.0.0.1:9/v1", key="secret-key-123", timeout_s=60)
        try:
            return await endpoint.answer(ASKED)
        finally:
            await endpoint.close()

    answer = asyncio.run(call())
    assert answer.ended is Ended.CONNECTION
    assert "secret-key-123" not in repr(answer)
