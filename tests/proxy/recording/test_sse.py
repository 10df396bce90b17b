"""A stream comes to the completion that it amounts to, wherever it is cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upstreams import chunks

from distill.proxy.recording.answered_call import NotRecorded
from distill.proxy.recording.sse import DoneMark, completion

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def event(choice: dict[str, Any], **more: Any) -> bytes:
    return b"data: " + json.dumps({"id": "c", "model": "m", "choices": [choice], **more}).encode() + b"\r\n\r\n"


@given(TEXTS)
def test_the_words_follow_each_other(text: str) -> None:
    found = completion(b"".join(chunks(text)))
    assert found["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    ]
    assert (found["object"], found["model"]) == ("chat.completion", "big-1")


@given(st.lists(st.integers(1, 30), max_size=40), TEXTS)
def test_the_mark_is_found_once_wherever_the_pieces_are_cut(sizes: list[int], text: str) -> None:
    """Also where an answer says `data: [DONE]` itself: its line ends are escaped in JSON."""
    stream, mark, at, found = b"".join(chunks(f"{text}\ndata: [DONE]\n{text}")), DoneMark(), 0, list[int]()
    for size in [*sizes, len(stream)]:
        piece = stream[at : at + size]
        at += len(piece)
        if mark.passed(piece):
            found.append(at)
    assert found
    assert found[0] >= len(stream) - len(b"\n\n")


def test_calls_of_tools_logprobs_and_usage_are_put_together() -> None:
    def call(**piece: Any) -> dict[str, Any]:
        return {"index": 0, "delta": {"tool_calls": [{"index": 0, **piece}]}}

    stream = (
        event(call(id="call_1", type="function", function={"name": "look", "arguments": '{"a'}))
        + event(call(function={"arguments": '": 1}'}) | {"logprobs": {"content": [{"token": "x", "logprob": -0.1}]}})
        + event({"index": 0, "delta": {}, "finish_reason": "tool_calls"})
        + b": a comment\n\n"
        + b'data: {"choices": [], "usage": {"total_tokens": 3}}\n\ndata: [DONE]\n\n'
    )
    found = completion(stream)
    assert found["usage"] == {"total_tokens": 3}
    assert found["choices"] == [
        {
            "index": 0,
            "message": {
                "role": "assistant", "content": None,
                "tool_calls": [{"type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}, "id": "call_1"}],
            },
            "logprobs": {"content": [{"token": "x", "logprob": -0.1}]},
            "finish_reason": "tool_calls",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"".join(chunks("a b", end=None)), "broken_off"),
        (b"data: [DONE]\n\n", "broken_off"),
        (b'data: {"error": {"message": "no GPU"}}\n\n', "failed_call"),
        (b"data: {no\n\n", "failed_call"),
        (b"<html>", "broken_off"),
    ],
)
def test_what_is_no_whole_answer_is_no_row(stream: bytes, reason: str) -> None:
    with pytest.raises(NotRecorded) as none:
        completion(stream)
    assert none.value.reason == reason
