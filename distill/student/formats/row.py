"""What every format is made from: a row of train.jsonl or valid.jsonl, and a pair of answers to one.

A format is a function that gives one row of its file, or raises `CannotHold`: a row is written whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.chat.conversation import THOUGHT, Turn
from distill.records import Json


class CannotHold(ValueError):
    """A format has no place for something of a row; the message says for what."""


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A row of train.jsonl or valid.jsonl; the last of its messages is the answer that trains."""

    seed_id: str
    messages: Sequence[Turn]
    tools: Sequence[Mapping[str, Json]] = ()
    parallel_tool_calls: bool | None = None

    @property
    def prompt(self) -> list[Turn]:
        """The turns before the answer, without their weights."""
        return [without_weight(turn) for turn in self.messages[:-1]]

    @property
    def answer(self) -> Turn:
        return without_weight(self.messages[-1])

    @property
    def called_with(self) -> dict[str, Json]:
        """The row's tools as the chat format has them; empty without any."""
        found: dict[str, Json] = {"tools": list(self.tools)} if self.tools else {}
        return found if self.parallel_tool_calls is None else found | {"parallel_tool_calls": self.parallel_tool_calls}


@dataclass(frozen=True, slots=True)
class PreferenceRow:
    """A training row, whose answer is the better one, with a worse answer to the same prompt and where both come from."""

    row: TrainingRow
    rejected: Turn
    origin: Mapping[str, Json]
    """seed_id, the requests of both answers, their scores, and why one is better."""

    @property
    def seed_id(self) -> str:
        return self.row.seed_id


def without_weight(turn: Turn) -> Turn:
    return {name: value for name, value in turn.items() if name != "weight"}


def with_parsed_calls(turn: Turn) -> Turn:
    """A turn whose calls have their arguments as an object, as chat templates read them; what is no object stays a text."""
    if not turn.get("tool_calls"):
        return turn
    return {**turn, "tool_calls": [{**call, "function": _parsed(call["function"])} for call in turn["tool_calls"]]}


def _parsed(function: Mapping[str, Json]) -> dict[str, Json]:
    try:
        value = json.loads(function["arguments"])
    except (ValueError, RecursionError):
        value = None
    return dict(function) if not isinstance(value, dict) else {**function, "arguments": value}


def without_thinking(turn: Turn) -> None:
    """Raise for a turn with thinking before its answer, in formats that have no place for it."""
    if turn.get(THOUGHT):
        raise CannotHold("the thinking before an answer")


def spoken(turn: Turn) -> str:
    """What a turn says, for formats that know texts alone."""
    if turn.get("tool_calls") or turn["role"] == "tool":
        raise CannotHold("tool calls")
    without_thinking(turn)
    if turn.get("name"):
        raise CannotHold("the name of a speaker")
    return str(turn["content"])
