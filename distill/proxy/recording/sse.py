"""A streamed chat completion → the completion that it amounts to.

data: {"choices": [{"index": 0, "delta": {"content": "glad"}}]}      {"choices": [{"index": 0, "message": {"role": "assistant",
data: {"choices": [{"index": 0, "finish_reason": "stop"}]}       →     "content": "glad"}, "finish_reason": "stop"}], …}
data: [DONE]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from distill.lifecycle.logs.objects import parsed
from distill.proxy.recording.answered_call import NotRecorded
from distill.records import Json

_DONE = re.compile(rb"[\r\n]data: ?\[DONE\]")
_LONGEST_MARK = 16
_JOINED = ("content", "refusal", "reasoning_content", "reasoning")
"""Texts of a delta that follow each other."""


class DoneMark:
    """Tells when a stream has said that it is done, wherever its pieces are cut. No text in JSON can look like the mark: it has no line ends."""

    def __init__(self) -> None:
        self._tail = b"\n"

    def passed(self, piece: bytes) -> bool:
        """Whether the mark is whole with this piece."""
        seen = self._tail + piece
        self._tail = seen[-_LONGEST_MARK:]
        return _DONE.search(seen) is not None


def completion(stream: bytes) -> dict[str, Json]:
    """The whole of it. NotRecorded where it broke off, or holds an error."""
    head: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for event in _events(stream):
        if event.get("error"):
            raise NotRecorded("failed_call", f"the stream holds an error: {str(event['error'])[:120]}")
        head |= {
            name: value for name, value in event.items() if name not in ("choices", "object") and value is not None
        }
        for delta in event.get("choices") or ():
            _add(choices.setdefault(int(delta.get("index") or 0), {"message": {"role": "assistant"}}), delta)
    if not choices or any(one.get("finish_reason") is None for one in choices.values()):
        raise NotRecorded("broken_off", "the stream ended without a finish reason")
    told = [{"index": index, **_finished(one)} for index, one in sorted(choices.items())]
    return {**head, "object": "chat.completion", "choices": told}


def _events(stream: bytes) -> Iterator[Mapping[str, Any]]:
    """The objects behind `data:`; an event over several lines is one."""
    for block in re.split(rb"\r\n\r\n|\n\n|\r\r", stream):
        lines = [line[5:].removeprefix(b" ") for line in block.splitlines() if line.startswith(b"data:")]
        data = b"\n".join(lines).strip()
        if not data or data == b"[DONE]":
            continue
        value = parsed(data)
        if not isinstance(value, dict):
            raise NotRecorded("failed_call", "the stream holds an event that is no object")
        yield value


def _add(choice: dict[str, Any], delta: Mapping[str, Any]) -> None:
    """Put a delta behind what is there."""
    message, said = choice["message"], delta.get("delta") or {}
    for name in _JOINED:
        if isinstance(said.get(name), str):
            message[name] = message.get(name, "") + said[name]
    for call in said.get("tool_calls") or ():
        _add_call(message.setdefault("tool_calls", {}), call)
    if isinstance(said.get("function_call"), dict):
        _add_function(message.setdefault("function_call", {}), said["function_call"])
    if delta.get("finish_reason") is not None:
        choice["finish_reason"] = delta["finish_reason"]
    for kind, tokens in (delta.get("logprobs") or {}).items():
        choice.setdefault("logprobs", {}).setdefault(kind, []).extend(tokens or ())


def _add_call(calls: dict[int, dict[str, Any]], piece: Mapping[str, Any]) -> None:
    call = calls.setdefault(int(piece.get("index") or 0), {"type": "function", "function": {}})
    call |= {name: piece[name] for name in ("id", "type") if piece.get(name)}
    _add_function(call["function"], piece.get("function") or {})


def _add_function(function: dict[str, Any], piece: Mapping[str, Any]) -> None:
    for name in ("name", "arguments"):
        if isinstance(piece.get(name), str):
            function[name] = function.get(name, "") + piece[name]


def _finished(choice: dict[str, Any]) -> dict[str, Any]:
    """With its calls as a list, and `content` said even where there is none."""
    message = dict(choice["message"])
    if "tool_calls" in message:
        message["tool_calls"] = [call for _, call in sorted(message["tool_calls"].items())]
    message.setdefault("content", None)
    return {**choice, "message": message}
