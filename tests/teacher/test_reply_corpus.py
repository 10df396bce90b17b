"""Every body of the corpus is read as it should be: nothing thought is said, no answer is lost, no fault is an answer."""

from __future__ import annotations

from typing import Any

import pytest

from distill.records import Answer, Request
from distill.teacher import reply
from distill.testing.dialects import Body, load, names

ASKED = {
    "chat": Request("x", {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 64}),
    "responses": Request("x", {"model": "m", "input": [{"role": "user", "content": "hi"}], "max_output_tokens": 64}),
}
NOW = 1_764_400_000.0


def read(body: Body) -> Answer:
    """As the client reads what came over the line."""
    asked = ASKED[body.api]
    if body.status == 200:
        return reply.read_body(body.body, asked, price=None)
    return reply.refused(body.status, body.body, body.headers, asked, now=NOW)


def said(answer: Answer, key: str) -> Any:
    """A part of the answer as a reading spells it; blanks around a thought are no part of it."""
    match key:
        case "ended":
            return answer.ended.value
        case "reasoning":
            return answer.reasoning.strip()
        case "tool_calls":
            return [[call.name, call.arguments] for call in answer.tool_calls]
        case "usage":
            usage = answer.usage
            return {name: getattr(usage, name) for name in usage.__slots__}
        case "retry_after_s":
            return answer.retry_after_s if answer.retry_after_s is None else pytest.approx(answer.retry_after_s)
    return getattr(answer, key)


@pytest.mark.parametrize("body", [body for name in names() for body in load(name)], ids=lambda body: body.name)
def test_a_body_is_read_as_it_should_be(body: Body) -> None:
    """What the reading says of it, and no more; what is no answer has no text that could be trained on."""
    answer = read(body)
    wanted = dict(body.reading)
    usage = wanted.pop("usage", {})
    assert {key: said(answer, key) for key in wanted} == wanted, answer.error
    assert {key: value for key, value in said(answer, "usage").items() if key in usage} == usage
    if not answer.ok:
        assert answer.error
        assert not answer.text or body.ended.maybe_billed
