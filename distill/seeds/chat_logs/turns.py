"""Turns in any of the shapes that logs have → turns as the chat API takes them.

{"role": "user", "content": …}                                    OpenAI; content may be parts, `function_call` a call
{"role": "function", "name": …, "content": …}                     its older spelling of a tool's turn
{"from": "human" | "gpt" | "function_call" | "observation", "value": …}           ShareGPT
{"role": "model", "parts": [{"text": …} | {"functionCall": …} | {"functionResponse": …}]}     Gemini
{"role": …, "content": [{"type": "text" | "tool_use" | "tool_result", …}]}        Anthropic
{"type": "message" | "function_call" | "function_call_output", …}                 OpenAI's Responses
and those of `turn_shapes`
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from distill.chat import content
from distill.chat.conversation import Turn
from distill.records import Json, canonical
from distill.seeds.chat_logs import keys as chat_keys
from distill.seeds.chat_logs import turn_shapes
from distill.seeds.chat_logs.tool_calls import call_or_result, parsed_once, result_text
from distill.text.normalise import strict_json

ROLES = {
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "model": "assistant", "bot": "assistant",
    "system": "system", "tool": "tool", "chatgpt": "assistant", "ai": "assistant", "prompter": "user", "developer": "developer",
    "function": "tool", "observation": "tool", "ipython": "tool", "tool_response": "tool", "tool_result": "tool",
    "function_response": "tool", "function_call": "call", "tool_call": "call", "function-call": "call",
}  # fmt: skip
_NAMED = ("human", "user", "gpt", "assistant", "model", "bot", "system", "tool", "function_call", "observation")
"""The roles that a message lists."""
_ITEMS = {"function_call": "call", "function_call_output": "tool", "message": "", "reasoning": "thought"}


class Chat(NamedTuple):
    """Turns, and whether the last one may be taken for a known answer: it has no weight of 0 and is no refusal. `masked` are the places
    of the assistant's turns that may not.
    """

    turns: list[Turn]
    known: bool
    masked: tuple[int, ...] = ()


def read_turns(given: Sequence[Json]) -> Chat:
    """The turns of a chat; ValueError says which one is none."""
    reader = _Reader()
    for number, turn in enumerate(given, 1):
        try:
            for one in turn_shapes.as_turns(turn):
                reader.add(one)
        except ValueError as error:
            raise ValueError(f"turn {number}: {error}") from None
    return Chat(reader.turns, reader.known, tuple(reader.masked))


@dataclass(slots=True)
class _Reader:
    turns: list[Turn] = field(default_factory=list)
    known: bool = True
    open: list[tuple[str, str]] = field(default_factory=list)
    """(id, tool) of calls that no turn has answered yet."""
    calls: int = 0
    masked: list[int] = field(default_factory=list)

    def add(self, turn: Json) -> None:
        """A turn, which may become several."""
        role = _role(turn)
        if role == "thought":
            return
        chat_keys.refuse_turn(turn)
        if role == "call":
            self._called(_spelt_calls(turn), apart=True)
        elif role == "tool":
            self._result(turn, _said(turn))
        else:
            self._spoken(role, turn)
        if role in ("assistant", "call"):
            declined = bool(turn.get("refusal")) or any(
                isinstance(part, Mapping) and part.get("type") == "refusal" for part in _parts(turn)
            )
            self.known = chat_keys.trains(turn) and not declined
            self.masked += [] if self.known else [len(self.turns)]

    def _spoken(self, role: str, turn: Mapping[str, Json]) -> None:
        """A turn of somebody's, with the calls and results that stand among its parts."""
        texts: list[str] = []
        calls: list[Mapping[str, Json]] = []
        parts = _parts(turn)
        for number, part in enumerate(parts, 1):
            kind, inside = call_or_result(part)
            if kind == "call" and role == "assistant":
                calls.append(inside)
            elif kind == "result":
                self._result(inside, result_text(inside.get("content")))
            elif (said := content.part(part, number)) is not None:
                texts.append(said)
        calls += _calls_of(turn, role)
        text = "\n".join(texts) if texts else _else_said(turn)
        results = bool(parts) and not texts and bool(self.turns) and self.turns[-1]["role"] == "tool" and role == "user"
        if text is None and not calls:
            if results:
                return
            raise ValueError("the content is nothing, expected text")
        said_turn: Turn = {"role": role, "content": text or None if calls else text}
        if isinstance(turn.get("name"), str) and turn["name"]:
            said_turn["name"] = turn["name"]
        self.turns.append(said_turn)
        if calls:
            self._called(calls, apart=False)

    def _called(self, calls: Sequence[Mapping[str, Json]], *, apart: bool) -> None:
        """Calls of the assistant's; those in a turn of their own (`apart`) belong to what it said just before."""
        made = [self._call(call) for call in calls]
        last = self.turns[-1] if self.turns else None
        if last is None or last["role"] != "assistant":
            self.turns.append({"role": "assistant", "content": None, "tool_calls": made})
        elif apart:
            last["tool_calls"] = [*last.get("tool_calls", ()), *made]
            last["content"] = last["content"] or None
        else:
            last["tool_calls"] = made

    def _call(self, call: Mapping[str, Json]) -> Turn:
        function = call.get("function", call)
        name = function.get("name") if isinstance(function, Mapping) else None
        if not isinstance(name, str) or not name:
            raise ValueError('a call is {"name": …, "arguments": {…}}, found none with a name')
        given: Json = next(
            (function[key] for key in ("arguments", "input", "args", "parameters") if function.get(key)), {}
        )
        given = parsed_once(given) if isinstance(given, str) else given
        written = given if isinstance(given, str) and given.strip() else canonical(given or {})
        identity = str(call.get("call_id") or call.get("id") or f"call_{self.calls}")
        self.calls += 1
        self.open.append((identity, name))
        return {"id": identity, "type": "function", "function": {"name": name, "arguments": written}}

    def _result(self, turn: Mapping[str, Json], said: Json) -> None:
        """What a tool gave; without the id of its call it answers the first open one of its tool, or the first of all."""
        given = next((turn[key] for key in ("tool_call_id", "tool_use_id", "call_id") if turn.get(key)), None)
        alike = [one for one, name in self.open if name == turn.get("name")]
        identity = str(given) if given else next(iter(alike or [one for one, _ in self.open]), "")
        if not identity:
            raise ValueError("a tool's turn answers no call: no tool_call_id, and no call stands before it")
        self.open = [(one, name) for one, name in self.open if one != identity]
        self.turns.append({"role": "tool", "content": result_text(said), "tool_call_id": identity})


def _role(turn: Json) -> str:
    """Whose turn it is: a role of the chat API's, or `call`."""
    if isinstance(turn, Mapping) and "role" not in turn and "from" not in turn and turn.get("type") in _ITEMS:
        return _ITEMS[str(turn["type"])] or "assistant"
    said = (
        next((turn[key] for key in ("role", "from", "author") if turn.get(key)), None)
        if isinstance(turn, Mapping)
        else None
    )
    said = said.get("role") if isinstance(said, Mapping) else said
    role = ROLES.get(str(said).strip().lower())
    if role is None and isinstance(turn, Mapping) and "role" in turn:
        raise ValueError(f"it has no role that is known: expected one of {', '.join(_NAMED)}, found {str(said)[:40]!r}")
    if role is None:
        raise ValueError(f"`from` is one of {', '.join(_NAMED)}, found {said if isinstance(turn, Mapping) else turn!r}")
    return role


def _said(turn: Mapping[str, Json]) -> Json:
    """What a turn says, under any of the names that it has."""
    keys = ("content", "value", "parts", "text", "output", "message")
    return next((turn[key] for key in keys if turn.get(key) is not None), None)


def _else_said(turn: Mapping[str, Json]) -> str | None:
    """What a turn without a text says: that it declines, nothing, or not even that."""
    if isinstance(turn.get("refusal"), str):
        return str(turn["refusal"])
    return "" if _said(turn) in ("", []) else None


def _parts(turn: Mapping[str, Json]) -> list[Json]:
    """What a turn says as parts; one of them where it is a text, none where it says nothing."""
    said = _said(turn)
    if said is None or said == "":
        return []
    if isinstance(said, Mapping) and isinstance(said.get("parts"), list):
        return list(said["parts"])
    if isinstance(said, str | Mapping):
        return [said]
    if not isinstance(said, list):
        raise ValueError(f"the content is {content.kind(said)}, expected text")  # noqa: TRY004 - one error for all of a row
    return said


def _calls_of(turn: Mapping[str, Json], role: str) -> list[Mapping[str, Json]]:
    """The calls that stand beside what a turn says."""
    calls = turn.get("tool_calls") or []
    legacy = turn.get("function_call")
    found = [*(calls if isinstance(calls, list) else [calls]), *([legacy] if legacy else [])]
    if found and role != "assistant":
        raise ValueError(f"only the assistant calls tools, found calls of {role!r}")
    for one in found:
        if not isinstance(one, Mapping):
            said = f"a call is {content.kind(one)}, expected an object with a name and arguments"
            raise ValueError(said)  # noqa: TRY004 - as above
        if one.get("type") not in (None, "function", "tool_use", "tool_call"):
            raise ValueError(f"a call of the type {str(one['type'])[:40]!r}, expected function")
    return found


def _spelt_calls(turn: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """The calls of a turn that is nothing else: an object, a list of them, or either in a text."""
    if isinstance(turn.get("name"), str) and _said(turn) is None:
        return [turn]
    said = _said(turn)
    try:
        value = strict_json(said) if isinstance(said, str) else said
    except ValueError as error:
        raise ValueError(f"the function_call is a text that is no JSON: {error}") from None
    calls = value if isinstance(value, list) else [value]
    if not calls or not all(isinstance(call, Mapping) for call in calls):
        raise ValueError(f"the function_call is {content.kind(value)}, expected an object with a name and arguments")
    return calls
