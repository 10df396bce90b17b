"""A student's answer in the shape of a chat completion, whole or streamed. Its model is called by its run: nobody takes it for the teacher's."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from distill.proxy.student.eligible import StudentCall

_NOTHING_USED = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
"""Of the upstream's tokens, which are what callers count."""
DONE = b"data: [DONE]\n\n"


def completion(text: str, model: str) -> dict[str, Any]:
    """The API's object."""
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}", "object": "chat.completion", "created": int(time.time()), "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}], "usage": _NOTHING_USED,
    }  # fmt: skip


def body(whole: Mapping[str, Any], call: StudentCall) -> tuple[str, bytes]:
    """(content type, what is sent)."""
    if not call.stream:
        return "application/json", orjson.dumps(whole)
    return "text/event-stream; charset=utf-8", b"".join(_events(whole, usage=call.usage))


def _events(whole: Mapping[str, Any], *, usage: bool) -> list[bytes]:
    head = {name: whole[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    text = whole["choices"][0]["message"]["content"]
    deltas: list[tuple[dict[str, Any], str | None]] = [
        ({"role": "assistant", "content": ""}, None),
        ({"content": text}, None),
        ({}, "stop"),
    ]
    chunks = [
        {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": end}]}
        for delta, end in deltas
    ]
    chunks += [{**head, "choices": [], "usage": whole["usage"]}] if usage else []
    return [*(b"data: " + orjson.dumps(one) + b"\n\n" for one in chunks), DONE]
