"""A teacher that follows a script: for rehearsals and tests, at no cost and with no server.

Its answer is a function of the request alone, so every rehearsal gives the same dataset. By default it fills the
request's JSON schema: enum values picked by the request's hash, strings cut from the last user turn (for a new seed, its
words anew); where the request brings tools, every other answer calls one. A judge's question gets a verdict with the code
that it asks for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b

from distill.records import Answer, Ended, Json, Request, ToolCall, Usage
from distill.text import tokens

ScriptedReply = Callable[[Request], Answer | str]
_CODE = re.compile(r"\b[0-9a-f]{32}\b")


@dataclass(slots=True)
class Scripted:
    """`reply` gives the text or a whole Answer (a 429, a refusal …); `sent` counts the calls."""

    reply: ScriptedReply = field(default_factory=lambda: fitting)
    sent: int = 0

    async def answer(self, request: Request) -> Answer:
        self.sent += 1
        given = self.reply(request)
        if isinstance(given, Answer):
            return given
        calls = () if self.reply is not fitting else calling(request)
        text, finish = ("", "tool_calls") if calls else (given, "stop")
        said = tokens.count(text) + sum(tokens.count(call.arguments) for call in calls)
        usage = Usage(tokens.count_messages(request.turns), said, measured=False)
        return Answer(request.id, Ended.OK, text, finish, usage, model="scripted", status=200, tool_calls=calls)

    async def close(self) -> None:
        """Nothing to close."""


def fitting(request: Request) -> str:
    """JSON that fits the request's schema, or the last user turn where it has none."""
    words = str(request.turns[-1].get("content") or "")
    form = request.body.get("response_format", {}).get("json_schema") or request.body.get("text", {}).get("format", {})
    if form.get("schema") is None:
        return words
    if form.get("name") == "new_seed":
        words = _shuffled(words, request.id)
    value = _fill(form["schema"], int(request.id, 16), words)
    if form.get("name") == "verdict" and (code := _CODE.search(words)):  # a judge repeats the code of its turn
        value["code"] = code[0]
    return json.dumps(value, ensure_ascii=False)


def _shuffled(text: str, key: str) -> str:
    """Words of a text by a hash, with part of the hash: what is asked for as a new seed is unlike all others."""
    words = sorted(set(re.findall(r"\w{3,}", text)), key=lambda word: blake2b(f"{key} {word}".encode()).digest())
    return " ".join([key[:6], *words[:7], key[6:12]])


def calling(request: Request) -> tuple[ToolCall, ...]:
    """A call of one of the request's tools, for every other request or as its `tool_choice` says; none after a result."""
    tools, choice = request.body.get("tools"), request.body.get("tool_choice", "auto")
    number = int(request.id, 16)
    last = request.turns[-1]
    answered = "tool" in (last.get("role"), last.get("type"))
    if not tools or choice == "none" or answered or (choice == "auto" and number % 2):
        return ()
    tool = tools[number // 2 % len(tools)]
    function = tool.get("function", tool)
    arguments = _fill(function.get("parameters") or {"type": "object"}, number, str(last.get("content") or ""))
    return (ToolCall(function["name"], json.dumps(arguments, ensure_ascii=False)),)


def _fill(schema: dict[str, Json], number: int, words: str) -> Json:
    if "enum" in schema:
        return schema["enum"][number % len(schema["enum"])]
    match schema.get("type"):
        case "object":
            parts = enumerate(schema.get("properties", {}).items())
            return {name: _fill(part, number // 7 + i, words) for i, (name, part) in parts}
        case "array":
            return [_fill(schema.get("items", {}), number, words)] * int(schema.get("minItems", 1))
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return bool(number % 2)
        case _:
            return words[: schema.get("maxLength", 80)].ljust(schema.get("minLength", 0), ".")
