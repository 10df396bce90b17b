"""What a row is, by its keys, and its conversations.

chat          {"messages": [{"role": "user", "content": "…"}, …], "tools": […]}
completion    {"prompt": [turns] or text, "completion": [turns] or text}
preference    {"input": {"messages": […]}, "preferred_output": […], "non_preferred_output": […]}     OpenAI's
              {"prompt": [turns] or text, "chosen": [turns] or text, "rejected": …}                  TRL's
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from distill.chat.content import kind
from distill.records import Json

_KEYS: Mapping[str, tuple[str, ...]] = {
    "chat": ("messages", "tools", "parallel_tool_calls", "functions"),
    "completion": ("prompt", "completion", "tools"),
    "preference": ("input", "preferred_output", "non_preferred_output", "prompt", "chosen", "rejected", "tools"),
}
"""Layout → the keys that its readers know."""
_ELSE = {"conversations": "ShareGPT", "instruction": "Alpaca", "text": "plain text", "contents": "Gemini"}


class Layout(NamedTuple):
    """A row as its conversations: each a list of turns that ends with what is to be learnt. A preference has two, the preferred first."""

    name: str
    sides: tuple[Json, ...]
    prompt: Json = None
    """Of a preference, the turns before its sides."""
    tools: Json = None
    wrapped: Mapping[str, Json] = {}
    """Where tools stand that are not the row's own."""


def name_of(row: Mapping[str, Json]) -> str:
    """The layout of a row; empty where it has none."""
    if "messages" in row:
        return "chat"
    if "preferred_output" in row or "non_preferred_output" in row or "chosen" in row or "rejected" in row:
        return "preference"
    return "completion" if "prompt" in row and "completion" in row else ""


def two_layouts(row: Mapping[str, Json]) -> bool:
    """Whether a chat has the keys of another layout too."""
    return "messages" in row and any(key in row for key in ("text", "completion", "chosen", "preferred_output"))


def unknown(row: Mapping[str, Json]) -> str:
    """What a row without a layout looks like."""
    known = next((name for key, name in _ELSE.items() if key in row), None)
    keys = ", ".join(sorted(map(str, row))[:6]) or "none"
    return f"{known}, by its keys" if known else f"its keys are {keys}"


def unknown_keys(name: str, row: Mapping[str, Json]) -> list[str]:
    return sorted(key for key in row if key not in _KEYS[name])


def layout(row: Mapping[str, Json]) -> Layout:
    """The conversations of a row that has a layout; whether they are any is not looked at here."""
    name = name_of(row)
    if name == "chat":
        return Layout(name, (row["messages"],), tools=row.get("tools"))
    if name == "completion":
        return Layout(name, (_joined(row["prompt"], row["completion"]),), tools=row.get("tools"))
    if "preferred_output" in row or "non_preferred_output" in row:
        given = row.get("input")
        inside: Mapping[str, Json] = given if isinstance(given, Mapping) else {}
        return _preference(
            inside.get("messages"), row.get("preferred_output"), row.get("non_preferred_output"), inside.get("tools")
        )
    return _preference(row.get("prompt", []), row.get("chosen"), row.get("rejected"), row.get("tools"))


def _preference(prompt: Json, one: Json, other: Json, tools: Json) -> Layout:
    return Layout("preference", (_joined(prompt, one), _joined(prompt, other)), prompt=prompt, tools=tools)


def _joined(prompt: Json, answer: Json) -> Json:
    """The prompt's turns with the answer's; what is neither turns nor text stays a fault of its own."""
    before = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    after = [{"role": "assistant", "content": answer}] if isinstance(answer, str) else answer
    if not isinstance(before, list) or not isinstance(after, list):
        return f"{kind(prompt)} and {kind(answer)}"
    return [*before, *after]
