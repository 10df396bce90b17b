"""Turns that are wrapped, or several in one → turns with a role.

["a question", "its answer"]    {"human": "a question", "assistant": "its answer"}            a pair of a history
{"type": "human", "content": …}    {"type": "ai", "data": {"content": …}}                    LangChain's messages
{"lc": 1, "id": […, "HumanMessage"], "kwargs": {"content": …}}                                the same in a trace
{"parts": […]}                                                                              Gemini's, of the user
"""

from __future__ import annotations

from collections.abc import Mapping

from distill.records import Json

_ASKED = ("human", "user", "question", "prompt", "query")
_ANSWERED = ("assistant", "gpt", "bot", "ai", "answer", "response")
_WHOSE = ("role", "from", "author")
_MESSAGES = {
    "human": "user", "user": "user", "ai": "assistant", "assistant": "assistant", "system": "system", "developer": "developer",
    "tool": "tool", "function": "tool",
}  # fmt: skip
_CALLS = ("tool_calls", "function_call")


def as_turns(turn: Json) -> list[Json]:
    """The turns that a turn is: itself where it is in no wrapping."""
    if isinstance(turn, list) and len(turn) == 2 and all(isinstance(said, str) for said in turn):
        return [{"role": "user", "content": turn[0]}, {"role": "assistant", "content": turn[1]}]
    if not isinstance(turn, Mapping) or any(turn.get(key) for key in _WHOSE):
        return [turn]
    asked, answered = (next((k for k in keys if isinstance(turn.get(k), str)), None) for keys in (_ASKED, _ANSWERED))
    if asked and answered:
        return [{"role": "user", "content": turn[asked]}, {"role": "assistant", "content": turn[answered]}]
    if isinstance(turn.get("parts"), list):
        return [{"role": "user", **turn}]
    return [_message(turn)]


def _message(turn: Mapping[str, Json]) -> Json:
    """A message as LangChain writes it down; any other turn as it is."""
    kind, inside = turn.get("type"), turn
    if isinstance(turn.get("kwargs"), Mapping) and isinstance(turn.get("id"), list) and turn["id"]:
        inside = turn["kwargs"]
        kind = str(turn["id"][-1]).removesuffix("Chunk").removesuffix("Message").lower()
    elif isinstance(turn.get("data"), Mapping):
        inside = turn["data"]
    role = inside.get("role") or _MESSAGES.get(str(kind))
    if role is None:
        return turn
    more = inside.get("additional_kwargs")
    calls = {key: more[key] for key in _CALLS if more.get(key)} if isinstance(more, Mapping) else {}
    kept = {key: value for key, value in inside.items() if key != "type" and (key not in _CALLS or value)}
    return {**calls, **kept, "role": role}
