"""A conversation as chat APIs take it: what a seed may bring as its turns, checked and in one spelling.

[{"role": "user", "content": "…"},
 {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "look",
  "arguments": "{}"}}]},
 {"role": "tool", "tool_call_id": "1", "content": "…"}]
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from distill.chat import content as contents
from distill.records import Json, ToolCall, canonical

ROLES = ("system", "developer", "user", "assistant", "tool")
_SPEAKER = re.compile(rf"^(?:{'|'.join(ROLES)}): ", re.MULTILINE)
"""What stands before each turn of a conversation that is shown as text."""
Turn = dict[str, Json]
REQUEST = "[request]"
"""The field of a seed that holds what its row asks with beside the turns: its own tools and how they may be called."""
THOUGHT = "reasoning_content"
"""The key of an assistant's turn that holds what was thought before it, as most chat templates read it."""
_UNREAD = ("function_call", "audio", "images", "image", "videos", "video")
"""Keys of a turn that say something which no turn here can."""


def turns(value: Json, *, last: bool = True) -> list[Turn]:
    """The turns of a conversation; ValueError says which one is none, and what was expected.

    One that is to be answered (`last`) ends with the user's turn or a tool's.
    """
    if not isinstance(value, list) or not value:
        raise ValueError(f"a conversation is a list of turns, found {contents.kind(value)}")
    found = [_turn(turn, number) for number, turn in enumerate(value, 1)]
    if last and found[-1]["role"] not in ("user", "tool"):
        whose = found[-1]["role"]
        raise ValueError(f"the last turn is the {whose}'s; one that is to be answered ends with user or tool")
    return found


def _turn(turn: Json, number: int) -> Turn:
    if not isinstance(turn, Mapping) or turn.get("role") not in ROLES:
        raise ValueError(f"turn {number} has no role; expected an object with one of {', '.join(ROLES)}")
    role, calls = turn["role"], turn.get("tool_calls") or []
    if calls and role != "assistant":
        raise ValueError(f"turn {number}: only the assistant calls tools, found tool_calls of {role!r}")
    if (unread := next((key for key in _UNREAD if turn.get(key)), None)) is not None:
        raise ValueError(f"turn {number}: `{unread}` cannot be read here")
    try:
        content = contents.text(turn.get("content"))
    except ValueError as error:
        raise ValueError(f"turn {number}: {error}") from None
    if content is None and not calls:
        raise ValueError(f"turn {number}: the content is nothing, expected text")
    said: Turn = {"role": role, "content": content}
    if role != "tool" and isinstance(turn.get("name"), str) and turn["name"]:
        said["name"] = turn["name"]
    if role == "tool":
        if not isinstance(turn.get("tool_call_id"), str):
            raise ValueError(f"turn {number}: a tool's turn names its tool_call_id")
        said["tool_call_id"] = turn["tool_call_id"]
    if calls:
        said["tool_calls"] = [_call(call, number) for call in calls]
    return said


def _call(call: Json, number: int) -> Turn:
    try:
        name, arguments, identity = call["function"]["name"], call["function"]["arguments"], call["id"]
    except (KeyError, TypeError):
        raise ValueError(
            f'turn {number}: a tool call is {{"id": …, "function": {{"name": …, "arguments": …}}}}, found {contents.kind(call)}'
        ) from None
    written = arguments if isinstance(arguments, str) and arguments.strip() else canonical(arguments or {})
    return {"id": str(identity), "type": "function", "function": {"name": str(name), "arguments": written}}


def text(value: Json) -> str | None:
    """What is said in a conversation, a line a turn; None where the value is none."""
    try:
        return "\n".join(f"{turn['role']}: {_said(turn)}" for turn in turns(value, last=False))
    except ValueError:
        return None


def spoken(shown: str) -> str:
    """A conversation as `text` gives it, without who speaks, which are no words of anybody; any other text as it is."""
    return _SPEAKER.sub("", shown) if _SPEAKER.match(shown) else shown


def call_of(call: Json) -> ToolCall:
    return ToolCall(call["function"]["name"], call["function"]["arguments"])


def calls_tools(value: Json) -> bool:
    """Whether a turn of a conversation calls a tool or is a tool's."""
    return any(turn["role"] == "tool" or turn.get("tool_calls") for turn in turns(value, last=False))


def _said(turn: Turn) -> str:
    calls = canonical(turn["tool_calls"]) if turn.get("tool_calls") else ""
    return " ".join(part for part in (turn["content"], calls) if part)


def answer(content: str, calls: Sequence[ToolCall] = (), reasoning: str = "") -> Turn:
    """The assistant's turn, with what was thought before it; its calls are numbered, since a model's own ids are random."""
    thought = {THOUGHT: reasoning} if reasoning else {}
    if not calls:
        return {"role": "assistant", "content": content, **thought}
    made = [
        {"id": f"call_{n}", "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for n, call in enumerate(calls)
    ]
    return {"role": "assistant", "content": content or None, "tool_calls": made, **thought}


def training_row(
    prompt: Sequence[Turn],
    text: str,
    tool_calls: str = "",
    reasoning: str = "",
    examples: tuple[int, int] | None = None,
) -> dict[str, list[Turn]]:
    """One training row in the shape that hosts and TRL read; `tool_calls` and `reasoning` as a sample holds them. The assistant's turns of the
    prompt train where `examples` is given, but for the so many first and last of them, which are the template's own.
    """
    spoken = [place for place, turn in enumerate(prompt) if turn["role"] == "assistant"]
    trained = set(spoken[examples[0] : len(spoken) - examples[1]]) if examples is not None else set[int]()
    before = [
        {**turn, "weight": int(place in trained)} if turn["role"] == "assistant" else turn
        for place, turn in enumerate(prompt)
    ]
    calls = [ToolCall(*call) for call in json.loads(tool_calls)] if tool_calls else []
    return {"messages": [*before, answer(text, calls, reasoning)]}
