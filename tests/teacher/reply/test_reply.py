"""Reading what an endpoint sends: a whole answer, or none."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.records import Ended, Request, ToolCall, Usage
from distill.teacher import reply
from distill.teacher.reply.errors import waits

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
    assert reply.read_body(body, ASKED, price=None).ended is Ended.MALFORMED


@given(st.binary(max_size=200))
def test_no_body_crashes_the_reader(body: bytes) -> None:
    """Any bytes give an Answer."""
    assert reply.read_body(body, ASKED, price=None).ended is Ended.MALFORMED


def test_missing_usage_is_estimated_and_says_so() -> None:
    """An endpoint that counts nothing gets tiktoken's count, marked."""
    found = json.loads(chat())
    del found["usage"]
    usage = reply.read_body(json.dumps(found).encode(), ASKED, price=None).usage
    assert not usage.measured
    assert usage.completion_tokens == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "7"}, 7), ({"retry-after-ms": "250"}, 0.25), ({"retry-after": "0"}, 0), ({"retry-after": formatdate(1_000_030, usegmt=True)}, 30),
     ({"retry-after": "Mon Jan 12 13:47:10 1970"}, 30), ({"retry-after": "Mon, 12 Jan 1970 13:47:10 -0000"}, 30),
     ({}, None), ({"retry-after": "soon"}, None), ({"retry-after": ""}, None), ({"retry-after": "-5"}, None), ({"retry-after": "nan"}, None),
     ({"retry-after": "1e9"}, None), ({"retry-after": "1e99"}, None), ({"retry-after": "²"}, None), ({"retry-after": "Mon, 31 Feb 2026 99:00:00 GMT"}, None),
     ({"retry-after-ms": "nan"}, None), ({"retry-after-ms": "inf"}, None), ({"retry-after-ms": "-5"}, 0),
     ({"retry-after": formatdate(900_000, usegmt=True)}, 0), ({"retry-after": "Fri, 01 Jan 1500 00:00:00 GMT"}, 0),
     ({"retry-after": "999999"}, 3600), ({"retry-after": "1000000000"}, 3600), ({"retry-after-ms": "1e18"}, 3600),
     ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 3600), ({"retry-after": "9" * 400}, None),
     ({"retry-after": "30s"}, 30), ({"retry-after": "1m30s"}, 90), ({"retry-after": "500ms"}, 0.5)],
)  # fmt: skip
def test_retry_after_in_every_shape(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds, a date with and without its zone; nonsense is none, the past is now, and an hour is the most."""
    assert waits.in_headers(headers, now=1_000_000) == seconds


def used(**usage: Any) -> Any:
    body = json.loads(chat()) | {"usage": usage}
    return reply.read_body(json.dumps(body).encode(), ASKED, price=None).usage


def test_tokens_that_are_thought_or_cached_are_told_apart() -> None:
    """Cached, written and thought tokens are parts of the counts; where a server counts thoughts beside them, they are added."""
    details = {"cached_tokens": 60, "cache_write_tokens": 90}
    thought = {"reasoning_tokens": 30}
    openai = used(
        prompt_tokens=100, completion_tokens=50, total_tokens=150, prompt_tokens_details=details,
        completion_tokens_details=thought,
    )  # fmt: skip
    assert openai == Usage(100, 50, cached_tokens=60, cache_write_tokens=40, reasoning_tokens=30)
    beside = used(prompt_tokens=100, completion_tokens=50, total_tokens=180, completion_tokens_details=thought)
    assert beside == Usage(100, 80, reasoning_tokens=30)
    assert used(prompt_tokens=1, completion_tokens=2, completion_tokens_details={"reasoning_tokens": -5}) == Usage(1, 2)


def test_a_tool_call_is_an_answer() -> None:
    """Content may be null then; arguments given as an object are spelt as text; logprobs are kept."""
    calls = [
        {"id": "x", "type": "function", "function": {"name": "look", "arguments": '{"id": 1}'}},
        {"id": "y", "type": "function", "function": {"name": "look", "arguments": {"id": 2}}},
    ]
    body = json.loads(chat(content=None, tool_calls=calls))
    body["choices"][0] |= {"finish_reason": "tool_calls", "logprobs": {"content": [{"token": "a", "logprob": -0.5}]}}
    answer = reply.read_body(json.dumps(body).encode(), ASKED, price=None)
    assert answer.tool_calls == (ToolCall("look", '{"id": 1}'), ToolCall("look", '{"id":2}'))
    assert (answer.text, answer.finish_reason) == ("", "tool_calls")
    assert answer.logprobs == [{"token": "a", "logprob": -0.5}]
    assert json.loads(answer.said)["tool_calls"][1] == {"name": "look", "arguments": {"id": 2}}


@pytest.mark.parametrize("call", [{}, {"function": {}}, {"function": {"name": 5, "arguments": "{}"}}, "look", None])
def test_a_call_without_a_name_is_no_answer(call: Any) -> None:
    body = chat(content=None, tool_calls=[call])
    assert reply.read_body(body, ASKED, price=None).ended is Ended.MALFORMED


def test_a_response_object_calls_tools_too() -> None:
    items = [{"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}]
    body = {
        "object": "response",
        "status": "completed",
        "output": items,
        "usage": {"input_tokens": 1, "output_tokens": 2},
    }
    answer = reply.read_body(json.dumps(body).encode(), ASKED, price=None)
    assert (answer.finish_reason, answer.tool_calls) == ("tool_calls", (ToolCall("look", "{}"),))


def test_a_date_without_a_zone_is_gmt_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read as local time it would ask for hours of patience, or for none."""
    for zone in ("America/New_York", "Asia/Tokyo"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert waits.in_headers({"retry-after": "Mon Jan 12 13:47:10 1970"}, now=1_000_000) == 30
    monkeypatch.undo()
    time.tzset()
