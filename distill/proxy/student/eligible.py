"""Which chat completions a student may answer: those of its task's prompt, of text alone, that ask for nothing which only the teacher has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from distill.lifecycle.logs.call import NoCall
from distill.lifecycle.logs.task_shape import TaskShape
from distill.records import Json, too_deep

_HARMLESS = frozenset(
    (
        "model", "messages", "temperature", "top_p", "max_tokens", "max_completion_tokens", "stream", "stream_options", "seed", "stop",
        "response_format", "metadata", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "service_tier",
        "frequency_penalty", "presence_penalty", "reasoning_effort", "verbosity",
    )
)  # fmt: skip
"""What a request may say without asking for more than an answer."""


@dataclass(frozen=True, slots=True)
class StudentCall:
    """The task's fields and the labels that a request tells, and how the answer is wanted."""

    fields: Mapping[str, Json]
    labels: Mapping[str, str]
    stream: bool
    usage: bool
    """Whether the stream is to end with what was used."""


def student_call(request: bytes, shape: TaskShape) -> StudentCall | str:
    """The call; or why it is the teacher's: `request` (it asks for more than a text) or `other_prompt`."""
    try:
        body = orjson.loads(request)
    except orjson.JSONDecodeError:
        return "request"
    if not isinstance(body, dict) or too_deep(body) or not _asks_for_text(body):
        return "request"
    try:
        fields = shape.told(body["messages"])[1]
    except NoCall:
        return "other_prompt"
    if fields is None or not set(shape.variables) <= set(fields):
        return "other_prompt"
    options = body.get("stream_options")
    usage = isinstance(options, dict) and options.get("include_usage") is True
    return StudentCall(fields, _labels(body.get("metadata")), body.get("stream") is True, usage)


def _asks_for_text(body: Mapping[str, Any]) -> bool:
    """Whether an answer of one text is all that is wanted."""
    beyond = (name for name, value in body.items() if name not in _HARMLESS and value not in (None, False, [], {}))
    if any(name != "n" or body["n"] != 1 for name in beyond):
        return False
    turns = body.get("messages")
    return isinstance(turns, list) and bool(turns) and all(_is_text(turn) for turn in turns)


def _is_text(turn: Json) -> bool:
    if not isinstance(turn, dict) or not isinstance(turn.get("role"), str) or turn.get("tool_calls"):
        return False
    said = turn.get("content")
    if isinstance(said, list):
        return all(
            isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str) for part in said
        )
    return isinstance(said, str)


def _labels(metadata: Json) -> dict[str, str]:
    return (
        {name: value for name, value in metadata.items() if isinstance(value, str)}
        if isinstance(metadata, dict)
        else {}
    )
