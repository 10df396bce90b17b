"""What the double answers: a function of the request's body alone, so that live and batch end in the same dataset.

    complete(Request("", body), size=len(sent)) → Completion(key, 12, 7, b'{"id":"chatcmpl-…')

The key is the hash of the body's canonical spelling (sorted keys, no spaces): equal however the body was written and
whichever way it came. Text is `fitting`'s; a token is four bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from distill.records import Request
from distill.teacher.scripted import fitting


@dataclass(frozen=True, slots=True)
class Completion:
    """A good answer: the body of a 200, and what is billed for it."""

    key: str
    prompt_tokens: int
    completion_tokens: int
    body: bytes


def read(data: bytes | bytearray | memoryview) -> Any:
    """A JSON value, also with half an emoji in it, which orjson refuses; ValueError where it is none."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(bytes(data).decode("utf-8"))


def written(value: Any) -> bytes:
    """Compact JSON; half an emoji goes as an escape."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()


def key_of(body: Mapping[str, Any]) -> str:
    """What the ledger calls a request: 32 hex digits, equal for equal bodies."""
    return Request("", body).id


def tokens_of(size: int) -> int:
    """Tokens of a text or a body of `size` bytes."""
    return size // 4 + 1


def complete(request: Request, *, size: int) -> Completion:
    """The answer to a body that was `size` bytes long when sent, in the shape of the API it is for.

    LookupError, TypeError, ValueError or AttributeError where the body is no request.
    """
    text = fitting(request)
    usage = (tokens_of(size), tokens_of(len(text)))
    shape = _response if "input" in request.body else _chat
    return Completion(request.id, *usage, written(shape(request, text, usage)))


def _chat(request: Request, text: str, usage: tuple[int, int]) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": f"chatcmpl-{request.id[:12]}", "object": "chat.completion", "created": 0,
        "model": request.body.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)},
    }  # fmt: skip


def _response(request: Request, text: str, usage: tuple[int, int]) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {
        "type": "message", "id": f"msg_{request.id[:12]}", "status": "completed", "role": "assistant", "content": [part],
    }  # fmt: skip
    return {
        "id": f"resp_{request.id[:12]}", "object": "response", "created_at": 0, "status": "completed", "error": None,
        "incomplete_details": None, "model": request.body.get("model"), "output": [message],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "usage": {
            "input_tokens": usage[0], "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": usage[1], "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": sum(usage),
        },
    }  # fmt: skip
