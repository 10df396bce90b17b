"""Streams that nobody asked for are joined; one that breaks off is no answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from distill.records import Ended, Request, ToolCall, Usage
from distill.teacher import reply

ASKED = Request("x", {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8})
DONE: Any = "[DONE]"


def chunk(finish: str | None = None, usage: Any = None, **delta: Any) -> dict[str, Any]:
    found = {
        "object": "chat.completion.chunk",
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return found | ({"usage": usage} if usage else {})


def stream(*events: Any, end: str = "\n\n", head: str = "data: ") -> bytes:
    return "".join(head + (one if isinstance(one, str) else json.dumps(one)) + end for one in events).encode()


def read(body: bytes) -> Any:
    return reply.read_body(body, ASKED, price=None)


USAGE = {"object": "chat.completion.chunk", "choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3}}
WHOLE = [
    chunk(role="assistant", content=""),
    chunk(reasoning_content="h"),
    chunk(reasoning_content="m"),
    chunk(content="Ye"),
    chunk(content="s."),
    chunk("stop"),
    USAGE,
    DONE,
]


@pytest.mark.parametrize(
    "body",
    [stream(*WHOLE), stream(*WHOLE, end="\r\n\r\n"), stream(*WHOLE, end="\n"), stream(*WHOLE, head="data:"), b": keep-alive\n\n" + stream(*WHOLE),
    b"\n\nevent: message\n" + stream(*WHOLE),
     stream(*WHOLE, head="event: x\nid: 1\ndata: "), stream(*WHOLE[:-1]), b"\xef\xbb\xbf" + stream(*WHOLE)],
)  # fmt: skip
def test_a_stream_is_joined(body: bytes) -> None:
    """Content, thinking, end and counts; whatever stands between the events."""
    answer = read(body)
    assert (answer.ended, answer.text, answer.reasoning, answer.finish_reason, answer.usage, answer.model) == (
        Ended.OK,
        "Yes.",
        "hm",
        "stop",
        Usage(12, 3),
        "m",
    )


def test_the_pieces_of_a_call_are_joined_by_their_number() -> None:
    calls = [
        chunk(tool_calls=[{"index": 0, "id": "a", "function": {"name": "look", "arguments": ""}}]), chunk(tool_calls=[{"index": 1, "id": "b",
        "function": {"name": "list", "arguments": ""}}]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"id"'}}]), chunk(tool_calls=[{"index": 0, "function": {"arguments": ": 1}"}}]), chunk("tool_calls"),
    ]  # fmt: skip
    answer = read(stream(*calls, DONE))
    assert (answer.tool_calls, answer.finish_reason) == (
        (ToolCall("look", '{"id": 1}'), ToolCall("list", "{}")),
        "tool_calls",
    )


@pytest.mark.parametrize("numbers", [(0, 0), (None, None), (0, 1)])
def test_calls_that_share_a_number_are_told_apart_by_their_ids(numbers: tuple[int | None, int | None]) -> None:
    """Some servers number every call 0 or none; a piece that repeats its id, or has none, goes on with its call."""

    def piece(number: int | None, own: str, **function: str) -> dict[str, Any]:
        return chunk(tool_calls=[({} if number is None else {"index": number}) | {"id": own, "function": function}])

    first, second = numbers
    calls = [
        piece(first, "a", name="look", arguments='{"id"'), piece(first, "a", name="look", arguments=": 1"), piece(first, "", arguments="}"),
        piece(second, "b", name="look", arguments="{}"),
    ]  # fmt: skip
    answer = read(stream(*calls, chunk("tool_calls"), DONE))
    assert answer.tool_calls == (ToolCall("look", '{"id": 1}'), ToolCall("look", "{}"))


def test_pieces_that_are_lists_of_parts_are_joined() -> None:
    thought = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]
    for said in ([{"type": "text", "text": "Yes."}], "Yes."):
        answer = read(stream(chunk(content=thought), chunk(content=said), chunk("stop"), DONE))
        assert (answer.text, answer.reasoning) == ("Yes.", "hm")


def test_an_object_that_is_called_a_delta_is_a_message() -> None:
    """Some servers answer with a stream's only event, as a whole."""
    found = chunk("stop", content="Yes.")
    assert read(json.dumps(found).encode()).text == "Yes."


@pytest.mark.parametrize(
    "body",
    [stream(*WHOLE[:4]), stream(*WHOLE[:5], DONE), stream(DONE), b": ping\n\n", b"data: {", stream(*WHOLE)[:200]],
)
def test_a_stream_that_breaks_off_is_no_answer(body: bytes) -> None:
    answer = read(body)
    assert (answer.ended, answer.text) == (Ended.MALFORMED, "")
    assert answer.raw == body.decode()


def test_an_error_in_a_stream_is_an_error() -> None:
    """At its beginning it is what its code says; midway the answer is broken, and may be billed."""
    assert read(stream({"error": {"message": "slow down", "code": 429}})).ended is Ended.RATE_LIMITED
    assert (
        read(stream(chunk(role="assistant", content=""), {"error": {"message": "no", "code": 402}})).ended
        is Ended.NO_ACCESS
    )
    for bare in (
        {"message": "no credits", "code": 402},
        {"object": "error", "message": "no credits", "type": "x", "code": 402},
    ):
        assert read(stream(bare, head="event: error\ndata: ")).ended is Ended.NO_ACCESS
    answer = read(stream(*WHOLE[:4], {"error": {"message": "died", "code": 502}}, USAGE))
    assert (answer.ended, answer.usage) == (Ended.MALFORMED, Usage(12, 3))
    assert "died" in answer.error


def test_other_vendors_streams_are_joined() -> None:
    """One object a line, typed events, and events that hold the whole at their end."""
    lines = [
        {"model": "m", "message": {"content": "Ye"}, "done": False},
        {
            "model": "m",
            "message": {"content": "s."},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": 12,
            "eval_count": 3,
        },
    ]
    typed = [
        {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 12, "output_tokens": 1}}}, {"type": "content_block_delta", "index": 0,
        "delta": {"type": "text_delta", "text": "Ye"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "s."}}, {"type": "message_delta",
        "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}}, {"type": "message_stop"},
    ]  # fmt: skip
    response = {
        "object": "response", "model": "m", "status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": "Yes."}]}],
        "usage": {"input_tokens": 12, "output_tokens": 3},
    }  # fmt: skip
    parts = [
        {"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": end}]}
        for text, end in (("Ye", None), ("s.", "STOP"))
    ]
    parts[1] |= {"modelVersion": "m", "usageMetadata": {"promptTokenCount": 12, "candidatesTokenCount": 3}}
    bodies = [
        stream(*parts),
        "\n".join(map(json.dumps, lines)).encode(),
        stream(*typed),
        stream(
            {"type": "response.output_text.delta", "delta": "Yes."},
            {"type": "response.completed", "response": response},
        ),
    ]
    for body in bodies:
        answer = read(body)
        assert (answer.ended, answer.text, answer.finish_reason, answer.usage) == (
            Ended.OK,
            "Yes.",
            "stop",
            Usage(12, 3),
        )
