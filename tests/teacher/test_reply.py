"""Reading what an endpoint sends: a whole answer, or none."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.records import Ended, Request
from distill.teacher import reply

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
    assert reply.read(body, ASKED, price=None).ended is Ended.MALFORMED


@given(st.binary(max_size=200))
def test_no_body_crashes_the_reader(body: bytes) -> None:
    """Any bytes give an Answer."""
    assert reply.read(body, ASKED, price=None).ended is Ended.MALFORMED


def test_missing_usage_is_estimated_and_says_so() -> None:
    """An endpoint that counts nothing gets tiktoken's count, marked."""
    found = json.loads(chat())
    del found["usage"]
    usage = reply.read(json.dumps(found).encode(), ASKED, price=None).usage
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
     ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 3600), ({"retry-after": "9" * 400}, None)],
)  # fmt: skip
def test_retry_after_in_every_shape(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds, a date with and without its zone; nonsense is none, the past is now, and an hour is the most."""
    assert reply.retry_after_s(headers, now=1_000_000) == seconds


def test_a_date_without_a_zone_is_gmt_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read as local time it would ask for hours of patience, or for none."""
    for zone in ("America/New_York", "Asia/Tokyo"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert reply.retry_after_s({"retry-after": "Mon Jan 12 13:47:10 1970"}, now=1_000_000) == 30
    monkeypatch.undo()
    time.tzset()
