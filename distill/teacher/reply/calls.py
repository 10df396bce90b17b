"""The calls of tools in a message, whatever a server calls them; their arguments as one JSON text each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import orjson

from distill.records import DEEPEST, Json, ToolCall, canonical, too_deep
from distill.teacher.reply.wording import UnreadableReply

_ARGUMENTS = ("arguments", "args", "input", "parameters")
_WRAPPERS = ("function", "functionCall", "function_call", "toolUse", "tool_use", "custom")


def tool_calls(given: Iterable[object]) -> tuple[ToolCall, ...]:
    """Each call by its name; Unreadable for one that has none, or whose arguments no JSON text can hold."""
    return tuple(_call(one) for one in given)


def of_message(message: Mapping[str, Json], parts: Sequence[Mapping[str, Json]] = ()) -> tuple[ToolCall, ...]:
    """The calls of a message: `tool_calls`, the old `function_call`, or parts of its content."""
    listed = message.get("tool_calls")
    if isinstance(listed, dict):
        listed = [listed]
    if listed:
        if not isinstance(listed, list):
            raise UnreadableReply(f"tool_calls is a JSON {type(listed).__name__}, expected a list")
        return tool_calls(listed)
    if old := message.get("function_call"):
        return tool_calls([old])
    return tool_calls(parts) if parts else ()


def arguments(given: Json) -> str:
    """A call's arguments as JSON text: nothing is `{}`, an object is spelt, a JSON text in a JSON text is unwrapped once."""
    if given is None or (isinstance(given, str) and not given.strip()):
        return "{}"
    if isinstance(given, str):
        return _unwrapped(given)
    if too_deep(given):
        raise UnreadableReply(f"the arguments of a call are nested deeper than {DEEPEST} levels")
    spelt = canonical(given)
    # NaN and Infinity, which no JSON holds, would come out as null: as the server wrote them, for the gates to name
    if "null" in spelt and any(word in (plain := json.dumps(given)) for word in ("NaN", "Infinity")):
        return plain
    return spelt


def _unwrapped(text: str) -> str:
    begun = text.lstrip()
    if begun[:1] != '"' and begun != "null":
        return text
    try:
        inner = orjson.loads(text)
    except ValueError:
        return text
    if inner is None or (isinstance(inner, str) and not inner.strip()):
        return "{}"
    return inner if isinstance(inner, str) and inner.lstrip()[:1] in ("{", "[") else text


def _call(given: object) -> ToolCall:
    if not isinstance(given, dict):
        raise UnreadableReply("a tool call that is no object")
    inner = next((given[key] for key in _WRAPPERS if isinstance(given.get(key), dict)), given)
    name = inner.get("name") or given.get("name")
    if not isinstance(name, str) or not name:
        raise UnreadableReply("a tool call without a name")
    return ToolCall(name, arguments(next((inner[key] for key in _ARGUMENTS if key in inner), None)))
