"""What the double answers: a function of the request's body alone, so that live and batch end in the same dataset.

    complete(Request("", body), size=len(sent)) → Completion(key, 12, 7, b'{"id":"chatcmpl-…')

The key is the hash of the body's canonical spelling (sorted keys, no spaces): equal however the body was written and
whichever way it came. Text is `fitting`'s; a token is four bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distill.protocol import completion as shapes
from distill.records import Json, Request, ToolCall
from distill.teacher.endpoint.client import encode
from distill.teacher.endpoint.scripted import calling, fitting


@dataclass(frozen=True, slots=True)
class Completion:
    """A good answer: the body of a 200, and what is billed for it. `text` or `calls` is what the body says."""

    key: str
    prompt_tokens: int
    completion_tokens: int
    body: bytes
    text: str = ""
    calls: tuple[ToolCall, ...] = ()


def tokens_of(size: int) -> int:
    return size // 4 + 1


def complete(request: Request, *, size: int) -> Completion:
    """The answer to a body that was `size` bytes long when sent, in the shape of the API it is for.

    LookupError, TypeError, ValueError or AttributeError where the body is no request.
    """
    calls = calling(request)
    text = "" if calls else fitting(request)
    usage = (tokens_of(size), tokens_of(len(text) + sum(len(call.arguments) for call in calls)))
    shape = _response if "input" in request.body else _chat
    return Completion(request.id, *usage, encode(shape(request, text, calls, usage)), text, calls)


def _chat(request: Request, text: str, calls: Sequence[ToolCall], usage: tuple[int, int]) -> dict[str, Json]:
    name = f"call_{request.id[:8]}"
    called = [
        shapes.tool_call(identity=f"{name}_{n}", name=one.name, arguments=one.arguments) for n, one in enumerate(calls)
    ]
    choice = shapes.chat_choice(
        index=0, content=None if calls else text, finish="tool_calls" if calls else "stop", calls=called
    )
    return shapes.chat_completion(
        identity=f"chatcmpl-{request.id[:12]}", model=str(request.body.get("model", "")), created=0, choices=[choice],
        usage=shapes.usage(prompt_tokens=usage[0], completion_tokens=usage[1]),
    )  # fmt: skip


def _response(request: Request, text: str, calls: Sequence[ToolCall], usage: tuple[int, int]) -> dict[str, Json]:
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {
        "type": "message", "id": f"msg_{request.id[:12]}", "status": "completed", "role": "assistant", "content": [part],
    }  # fmt: skip
    called = [
        {
            "type": "function_call", "call_id": f"call_{n}", "name": one.name, "arguments": one.arguments, "status": "completed",
        }
        for n, one in enumerate(calls)
    ]  # fmt: skip
    return {
        "id": f"resp_{request.id[:12]}", "object": "response", "created_at": 0, "status": "completed", "error": None,
        "incomplete_details": None, "model": request.body.get("model"), "output": called or [message],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "usage": {
            "input_tokens": usage[0], "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": usage[1], "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": sum(usage),
        },
    }  # fmt: skip
