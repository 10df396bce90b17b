"""Reading what an endpoint sends, and one against a server that is not ours."""

from __future__ import annotations

import asyncio
import json
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.records import Ended, Request
from distill.teacher import client, retry

ASKED = Request("x", {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8})


def chat(**message: Any) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": "hi", **message}, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}).encode()


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>down for maintenance</html>", b"null", b"[]", b'{"choices": []}', b'{"choices": [{}]}', chat()[:-9], b"\xff\xfe", b"[" * 9999,
     b'{"choices": [{"message": {"content": "x"}, "finish_reason": null}]}', chat(content=5)],
)  # fmt: skip
def test_what_is_no_whole_completion_is_no_answer(body: bytes) -> None:
    """A 200 with anything else is malformed, never an empty answer."""
    assert client.read(body, ASKED, price=None).ended is Ended.MALFORMED


@given(st.binary(max_size=200))
def test_no_body_crashes_the_reader(body: bytes) -> None:
    """Any bytes give an Answer."""
    assert client.read(body, ASKED, price=None).ended is Ended.MALFORMED


def test_missing_usage_is_estimated_and_says_so() -> None:
    """An endpoint that counts nothing gets tiktoken's count, marked."""
    found = json.loads(chat())
    del found["usage"]
    usage = client.read(json.dumps(found).encode(), ASKED, price=None).usage
    assert not usage.measured
    assert usage.completion_tokens == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "7"}, 7), ({"retry-after-ms": "250"}, 0.25), ({"retry-after": "soon"}, None), ({}, None), ({"retry-after": "1e99"}, None),
     ({"retry-after": "999999"}, 3600), ({"retry-after": formatdate(1_000_030, usegmt=True)}, 30), ({"retry-after-ms": "nan"}, None)],
)  # fmt: skip
def test_retry_after_in_every_shape(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds, a date, nonsense."""
    assert client.retry_after_s(headers, now=1_000_000) == seconds


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
