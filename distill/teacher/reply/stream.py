"""Streams that come unasked: server-sent events, or one object a line, joined to the object that they would have been.

A stream that breaks off has no finish reason, and so is no whole answer; an error in it is the object's error.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from distill.records import Json
from distill.teacher.reply import natives
from distill.teacher.reply.errors import faults

_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
_MOST_LINES = 20
"""Lines that one event's data may go over."""
_STRINGS = ("content", "reasoning_content", "reasoning", "refusal", "thinking")
_LISTS = ("reasoning_details", "thinking_blocks")
_WHOLE = ("response.completed", "response.incomplete", "response.failed")


def joined(body: bytes) -> dict[str, Json] | None:
    """The object that a stream makes; None for a body that is no stream."""
    begun = body[:64].lstrip(b"\xef\xbb\xbf\r\n\t ")
    if begun.startswith(_FIELDS):
        return _join(_events(body))
    if begun.startswith(b"{") and b"}\n{" in body.replace(b"\r\n", b"\n"):
        return _join_lines(body)
    return None


def _events(body: bytes) -> Iterator[dict[str, Json]]:
    """The JSON object of each event; data that goes over several lines is put together."""
    held, lines = b"", 0
    for line in (*body.removeprefix(b"\xef\xbb\xbf").splitlines(), b""):
        if line.startswith(b"data:"):
            goes_on, data = held and lines < _MOST_LINES, line[5:].strip()
            held, lines = (held + b"\n" + data, lines + 1) if goes_on else (data, 0)
        elif line.strip():
            continue
        if held and (found := _object(held)) is not None:
            yield found
            held = b""
        elif not line.strip() or held == b"[DONE]":
            held = b""


def _object(text: bytes) -> dict[str, Json] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _join_lines(body: bytes) -> dict[str, Json] | None:
    found = [_object(line) for line in body.splitlines() if line.strip()]
    objects = [one for one in found if one is not None]
    if not objects or len(objects) < len(found) or not any("done" in one or "choices" in one for one in objects):
        return None
    return _join(iter(objects))


def _join(events: Iterator[dict[str, Json]]) -> dict[str, Json]:
    whole = _Joined()
    for event in events:
        if event.get("type") in _WHOLE and isinstance(event.get("response"), dict):
            return dict(event["response"])
        whole.add(event)
    return whole.object if whole.begun or "error" not in whole.object else {"error": whole.object["error"]}


class _Joined:
    """The object so far."""

    def __init__(self) -> None:
        self.message: dict[str, Json] = {"role": "assistant", "content": []}
        self.choice: dict[str, Json] = {"index": 0, "message": self.message, "finish_reason": None}
        self.object: dict[str, Json] = {"object": "chat.completion", "choices": [self.choice]}
        self._calls: dict[str, dict[str, Json]] = {}
        self._ids: dict[str, Json] = {}

    @property
    def begun(self) -> bool:
        """Whether anything was said."""
        return any(self.message["content"]) or len(self.message) > 2

    def add(self, event: dict[str, Json]) -> None:
        """One event of any of the dialects."""
        for name in ("model", "usage", "x_groq", "timings", "id"):
            if value := event.get(name):
                held = self.object.get(name)
                self.object[name] = held | value if isinstance(held, dict) and isinstance(value, dict) else value
        if event.get("error") or ("choices" not in event and faults.is_error(event)):
            self.object["error"] = event.get("error") or event
        if "candidates" in event:  # Gemini's own
            event = dict(natives.as_chat(event))
            self.object["usage"] = event.get("usage") or self.object.get("usage")
        choices = event.get("choices")
        if isinstance(choices, list):
            for choice in choices:
                if isinstance(choice, dict) and not choice.get("index"):
                    self._add_choice(choice)
        elif "done" in event:
            self._add_line(event)
        elif isinstance(event.get("type"), str):
            self._add_typed(event)

    def _add_choice(self, choice: dict[str, Json]) -> None:
        if choice.get("finish_reason"):
            self.choice["finish_reason"] = choice["finish_reason"]
        if choice.get("error"):
            self.choice["error"] = choice["error"]
        said = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
        if isinstance(said, dict):
            self._add_delta(said)
        logs = choice.get("logprobs")
        if isinstance(logs, dict) and isinstance(logs.get("content"), list):
            self.choice.setdefault("logprobs", {"content": []})["content"] += logs["content"]

    def _add_delta(self, delta: dict[str, Json]) -> None:
        for name in _STRINGS:
            if (piece := delta.get(name)) is None:
                continue
            if name == "content":
                self.message["content"] += piece if isinstance(piece, list) else [piece]
            elif isinstance(piece, str):
                self.message[name] = self.message.get(name, "") + piece
        for name in _LISTS:
            if isinstance(delta.get(name), list):
                self._add_details(name, delta[name])
        old = delta.get("function_call")
        calls = delta.get("tool_calls") or ([{"index": "old", "function": old}] if old else [])
        for place, call in enumerate(calls if isinstance(calls, list) else []):
            if isinstance(call, dict):
                self._add_call(call.get("index", place), call)

    def _add_details(self, name: str, pieces: list[Json]) -> None:
        """Reasoning in parts comes a piece at a time too: texts that follow one another are one."""
        held = self.message.setdefault(name, [])
        for piece in pieces:
            last: Json = held[-1] if held else None
            alike = isinstance(last, dict) and isinstance(piece, dict) and last.get("type") == piece.get("type")
            if alike and isinstance(last.get("text"), str) and isinstance(piece.get("text"), str):
                held[-1] = last | {"text": last["text"] + piece["text"]}
            else:
                held.append(piece)

    def _add_call(self, key: Json, call: dict[str, Json]) -> None:
        held, piece = self._call_of(str(key), call), call.get("function") or {}
        if isinstance(piece, dict):
            if isinstance(piece.get("name"), str) and piece["name"] != held["name"]:
                held["name"] += piece["name"]
            said, given = held["arguments"], piece.get("arguments")
            both = isinstance(said, str) and isinstance(given, str)
            held["arguments"] = said + given if both else given or said

    def _call_of(self, key: str, call: dict[str, Json]) -> dict[str, Json]:
        """The call that a piece belongs to: a new id with a name begins another, also where a server numbers all of them 0."""
        own, piece = call.get("id"), call.get("function")
        begins = bool(own) and isinstance(piece, dict) and bool(piece.get("name"))
        if key not in self._calls or (begins and self._ids.get(key) not in (None, own)):
            self._calls[key] = {"name": "", "arguments": ""}
            self.message.setdefault("tool_calls", []).append({"type": "function", "function": self._calls[key]})
        if begins:
            self._ids[key] = own
        return self._calls[key]

    def _add_line(self, event: dict[str, Json]) -> None:
        """A line of Ollama's own stream."""
        said = event.get("message") or {"content": event.get("response")}
        if isinstance(said, dict):
            self._add_delta(said)
        if event["done"] is True:
            self.choice["finish_reason"] = event.get("done_reason") or "stop"
            self.object["usage"] = {name: event.get(name) for name in ("prompt_eval_count", "eval_count")}

    def _add_typed(self, event: dict[str, Json]) -> None:
        """An event of Anthropic's stream."""
        inner, delta = event.get("message"), event.get("delta")
        if isinstance(inner, dict):
            self.add({name: inner.get(name) for name in ("model", "usage")})
        if isinstance(delta, dict):
            text = {"content": delta.get("text"), "reasoning_content": delta.get("thinking")}
            self._add_delta({name: piece for name, piece in text.items() if isinstance(piece, str)})
            if isinstance(delta.get("stop_reason"), str):
                self.choice["finish_reason"] = delta["stop_reason"]
            if isinstance(delta.get("partial_json"), str):
                self._add_call(event.get("index"), {"function": {"arguments": delta["partial_json"]}})
        block = event.get("content_block")
        if isinstance(block, dict) and block.get("type") == "tool_use":
            self._add_call(event.get("index"), {"function": {"name": block.get("name")}})
