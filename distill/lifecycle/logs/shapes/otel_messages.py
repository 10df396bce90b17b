"""The messages of a gen_ai span or event → turns as the chat API has them.

gen_ai.input.messages     [{"role": "user", "parts": [{"type": "text", "content": …}]}]      JSON, also as a text
gen_ai.output.messages    [{"role": "assistant", "parts": [{"type": "tool_call", …}], "finish_reason": "stop"}]
gen_ai.system_instructions    [{"type": "text", "content": …}]
gen_ai.prompt.0.role, gen_ai.prompt.0.content, gen_ai.completion.0.content      OpenLLMetry's, one attribute each
gen_ai.user.message, gen_ai.choice      events of the conventions up to 1.36
langfuse.observation.input, langfuse.observation.output      Langfuse's SDK
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from distill.lifecycle.logs.call import Asked, NoCall
from distill.lifecycle.logs.shapes.lookup import answer_of, asked_of, spelt
from distill.records import Json, canonical

Attributes = Mapping[str, Json]
_INDEXED = re.compile(r"gen_ai\.(prompt|completion)\.(\d{1,4})\.(role|content|finish_reason)\Z")
_OLD = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_SILENT = ("reasoning", "thinking")


def asked(attributes: Attributes, events: Sequence[tuple[str, Attributes]]) -> Asked:
    """What was asked: turns, or what Langfuse's SDK was given. NoCall where nothing was recorded."""
    given = _list(attributes.get("gen_ai.input.messages"))
    if given is not None:
        system = _list(attributes.get("gen_ai.system_instructions"))
        before = [_turn({"role": "system", "parts": system})] if system else []
        return [*before, *(_turn(one) for one in given)]
    if "langfuse.observation.input" in attributes:
        return asked_of(attributes["langfuse.observation.input"])
    found = _indexed(attributes, "prompt") or _of_events(events)
    if not found:
        prompt = next(
            (one.get("gen_ai.prompt") for name, one in events if name == "gen_ai.content.prompt"),
            attributes.get("gen_ai.prompt"),
        )
        return asked_of(prompt)
    return found


def answered(attributes: Attributes, events: Sequence[tuple[str, Attributes]]) -> Mapping[str, Json]:
    """What was answered, as a message, with its `finish_reason` where it has one."""
    given = _list(attributes.get("gen_ai.output.messages"))
    if given is not None:
        if len(given) > 1:
            raise NoCall("several_answers", f"`gen_ai.output.messages` holds {len(given)} answers")
        return _turn(given[0]) if given else answer_of(None)
    if "langfuse.observation.output" in attributes:
        return answer_of(attributes["langfuse.observation.output"])
    found = _indexed(attributes, "completion")
    if found:
        return found[0]
    for name, one in events:
        if name == "gen_ai.choice":
            message = one.get("message", one)
            message = spelt(message) if isinstance(message, str) else message
            return {**answer_of(message), "finish_reason": one.get("finish_reason")}
    last = next((one.get("gen_ai.completion") for name, one in events if name == "gen_ai.content.completion"), None)
    return answer_of(last or attributes.get("gen_ai.completion"))


def _list(value: Json) -> list[Json] | None:
    value = spelt(value) if isinstance(value, str) else value
    return value if isinstance(value, list) else None


def _turn(message: Json) -> Mapping[str, Json]:
    """A message of the conventions as a turn; one without parts may have its content as the chat API has it."""
    if not isinstance(message, dict):
        raise NoCall("other_shape", "a message is no object")
    parts = message.get("parts")
    if not isinstance(parts, list):
        return message
    if (
        len(parts) == 1
        and isinstance(parts[0], dict)
        and parts[0].get("type") == "text"
        and isinstance(parts[0].get("content"), str)
    ):
        turn: dict[str, Json] = {"role": message.get("role"), "content": parts[0]["content"]}
    else:
        turn = {"role": message.get("role"), **_joined(parts)}
    return turn | {"finish_reason": message["finish_reason"]} if message.get("finish_reason") else turn


def _joined(parts: Iterable[Json]) -> dict[str, Json]:
    """Several parts as one content, with the tools that they call and what these gave."""
    texts, turn = list[str](), dict[str, Json]()
    for part in parts:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text" and isinstance(part.get("content"), str):
            texts.append(part["content"])
        elif kind == "tool_call":
            given = part.get("arguments", "")
            call = {"name": part.get("name"), "arguments": given if isinstance(given, str) else canonical(given)}
            turn.setdefault("tool_calls", []).append(
                {"id": str(part.get("id") or ""), "type": "function", "function": call}
            )
        elif kind == "tool_call_response":
            result = part.get("response", part.get("result", ""))
            turn["tool_call_id"] = str(part.get("id") or "")
            texts.append(result if isinstance(result, str) else canonical(result))
        elif kind not in _SILENT:
            raise NoCall("no_text", f"a part of a message is {str(kind)[:40]!r}; only text can be read")
    return turn | {"content": "\n".join(texts) if texts or "tool_calls" not in turn else None}


def _indexed(attributes: Attributes, what: str) -> list[dict[str, Json]]:
    """Messages that are spread over attributes with numbers."""
    found: dict[int, dict[str, Json]] = {}
    if not any(name.startswith(f"gen_ai.{what}.") for name in attributes):
        return []
    for name, value in attributes.items():
        match = _INDEXED.match(name)
        if match and match[1] == what:
            found.setdefault(int(match[2]), {"role": "assistant" if what == "completion" else "user"})[match[3]] = value
    return [found[place] for place in sorted(found)]


def _of_events(events: Sequence[tuple[str, Attributes]]) -> list[dict[str, Json]]:
    return [{"role": _OLD[name], **one} for name, one in events if name in _OLD]
