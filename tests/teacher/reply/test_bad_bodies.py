"""A corpus of bodies that are no answer: none crashes the reader, none is taken for an answer."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from distill.records import Ended, Request
from distill.teacher import reply

ASKED = Request("x", {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8})
CHAT: dict[str, Any] = {
    "id": "c", "object": "chat.completion", "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}  # fmt: skip
RESPONSE: dict[str, Any] = {
    "id": "r", "object": "response", "model": "m", "status": "completed", "incomplete_details": None,
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "hello"}]}],
    "usage": {"input_tokens": 3, "output_tokens": 1},
}  # fmt: skip
VITAL = {
    "chat": [("choices",), ("choices", 0), ("choices", 0, "message"), ("choices", 0, "finish_reason"), ("choices", 0, "message", "content")],
    "response": [("status",), ("output",), ("output", 0), ("output", 0, "content"), ("output", 0, "content", 0), ("output", 0, "content", 0, "text")],
}  # fmt: skip
EMPTY = [
    ("chat", ("choices", 0, "message", "content"), None), ("chat", ("choices", 0, "message", "content"), []), ("response", ("output",), []),
    ("response", ("output", 0, "content"), []),
]  # fmt: skip
"""What says that it ended well and holds nothing: an empty answer, which was paid for."""
WRONG = [None, 0, 1.5, True, [], {}, [[]], {"a": 1}, [None]]
TEXTUAL = {"content", "finish_reason", "text", "status"}
TEXT_OR_PARTS = {
    ("output", 0, "content", 0),
    ("choices", 0, "message", "content"),
    ("output", 0, "content"),
    ("output", 0, "content", 0, "text"),
}


def without(body: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(body)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return changed


def replaced(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(body)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


def corpus() -> Iterator[tuple[str, bytes]]:
    for name, body in (("chat", CHAT), ("response", RESPONSE)):
        whole = json.dumps(body).encode()
        for path in VITAL[name]:
            if path not in {("choices", 0, "message", "content"), ("output", 0), ("output", 0, "content", 0)}:
                yield f"{name} without {path}", json.dumps(without(body, path)).encode()
            words: list[Any] = [] if path in TEXT_OR_PARTS else [["text"]]
            for value in [*WRONG, *words, *([] if path[-1] in TEXTUAL or path in TEXT_OR_PARTS else ["text"])]:
                if (name, path, value) in EMPTY:
                    continue
                yield f"{name} {path} = {value!r}", json.dumps(replaced(body, path, value)).encode()
        for cut in (1, len(whole) // 3, len(whole) // 2, len(whole) - 1):
            yield f"{name} cut at {cut}", whole[:cut]
        yield f"{name} twice", whole + whole
        yield f"{name} in a list", b"[" + whole + b"]"
        yield f"{name} as a string", json.dumps(whole.decode()).encode()
        yield f"{name} in UTF-16", whole.decode().encode("utf-16")
        yield f"{name} with a bad byte", whole.replace(b"hello", b"he\xffllo")
        yield f"{name} with an empty reason", whole.replace(b'"stop"', b'""').replace(b'"completed"', b'""')
    for status in ("failed", "in_progress", "queued", "cancelled"):
        yield f"response {status}", json.dumps(RESPONSE | {"status": status}).encode()
    yield "response cut by a reason nobody knows", json.dumps(RESPONSE | {"status": "incomplete"}).encode()
    yield (
        "a stream's first part",
        b'{"object": "chat.completion.chunk", "choices": [{"delta": {"content": "x"}, "finish_reason": null}]}',
    )
    for raw in (b"", b" ", b"null", b"true", b"0", b'""', b"[]", b"{}", b"<html></html>", b"OK", b"\x00", b"\xff\xfe", b"[" * 9999, b'{"a":' * 9999, b"{}" * 99,
                b"NaN", b"Infinity", b'{"choices": NaN}', b"\xef\xbb\xbf", b"-", b'{"choices"', b"\x1f\x8b\x08\x00"):  # fmt: skip
        yield f"raw {raw[:20]!r}", raw


CASES = list(corpus())


def test_the_corpus_is_large_and_its_untouched_bodies_are_answers() -> None:
    """Otherwise the cases below would prove nothing."""
    assert len(CASES) >= 120
    assert len({body for _, body in CASES}) >= 120
    for body in (CHAT, RESPONSE):
        answer = reply.read_body(json.dumps(body).encode(), ASKED, price=None)
        assert (answer.ended, answer.text, answer.finish_reason, answer.usage.completion_tokens) == (
            Ended.OK,
            "hello",
            "stop",
            1,
        )


@pytest.mark.parametrize("body", [body for _, body in CASES], ids=[name for name, _ in CASES])
def test_no_bad_body_is_an_answer(body: bytes) -> None:
    answer = reply.read_body(body, ASKED, price=None)
    assert answer.ended is Ended.MALFORMED
    assert answer.error


@pytest.mark.parametrize(("name", "path", "value"), EMPTY)
def test_an_end_without_a_word_is_an_empty_answer(name: str, path: tuple[Any, ...], value: Any) -> None:
    """It says that it ended well: it was paid for, so it is kept, a gate drops it, and nobody buys it again."""
    body = json.dumps(replaced({"chat": CHAT, "response": RESPONSE}[name], path, value)).encode()
    answer = reply.read_body(body, ASKED, price=None)
    assert (answer.ended, answer.text, answer.finish_reason, answer.usage.completion_tokens) == (
        Ended.OK,
        "",
        "stop",
        1,
    )


@pytest.mark.parametrize(
    ("change", "ended"),
    [({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
     ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"), ({}, "stop")],
)  # fmt: skip
def test_a_response_ends_in_the_words_of_a_chat_completion(change: dict[str, Any], ended: str) -> None:
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}
    body = RESPONSE | change | {"output": [thought, *RESPONSE["output"]]}
    answer = reply.read_body(json.dumps(body).encode(), ASKED, price=None)
    assert (answer.finish_reason, answer.reasoning, answer.text) == (ended, "hm", "hello")


@pytest.mark.parametrize("usage", [{"prompt_tokens": -1, "completion_tokens": 1}, {"prompt_tokens": True, "completion_tokens": 1}, {}, None, [], "3",
                                   {"prompt_tokens": 10**30, "completion_tokens": 1}, {"prompt_tokens": "3", "completion_tokens": 1}])  # fmt: skip
def test_usage_that_makes_no_sense_is_estimated_and_says_so(usage: Any) -> None:
    answer = reply.read_body(json.dumps(CHAT | {"usage": usage}).encode(), ASKED, price=None)
    assert answer.ok
    assert not answer.usage.measured
    assert 0 < answer.usage.prompt_tokens < 100
