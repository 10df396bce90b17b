"""ShareGPT: {"conversations": [{"from": "human", "value": "…"}, {"from": "gpt", "value": "…"}], "tools": "[…]"}.

    system, developer → system      user → human      assistant → gpt, or function_call where it calls tools
    tool → observation              a call → {"name": …, "arguments": {…}}, several → a list of them

Readers drop a row, in silence or nearly so, where the two sides do not take turns, so such a row is refused here and named.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from distill.chat.conversation import Turn, call_of
from distill.records import Json
from distill.student.formats.row import CannotHold, TrainingRow, spoken, without_thinking

_FROM = {"system": "system", "developer": "system", "user": "human", "assistant": "gpt", "tool": "observation"}


def row(given: TrainingRow) -> dict[str, Json]:
    turns = [_turn(turn) for turn in (*given.prompt, given.answer)]
    _take_turns(turns)
    tools = json.dumps([tool.get("function", tool) for tool in given.tools], ensure_ascii=False) if given.tools else ""
    return {"conversations": turns, "tools": tools}


def _turn(turn: Turn) -> dict[str, str]:
    if turn["role"] == "tool":
        return {"from": _FROM["tool"], "value": str(turn["content"])}
    without_thinking(turn)
    if not turn.get("tool_calls"):
        return {"from": _FROM[turn["role"]], "value": spoken(turn)}
    if turn.get("content"):
        raise CannotHold("words beside a tool call")
    calls = [call_of(call).plain for call in turn["tool_calls"]]
    return {"from": "function_call", "value": json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False)}


def _take_turns(turns: Sequence[dict[str, str]]) -> None:
    """Raise where a reader would not take the row: after a system turn, the two sides speak by turns."""
    spoken_by = [turn["from"] for turn in turns]
    if spoken_by[0] == "system":
        spoken_by = spoken_by[1:]
    for place, speaker in enumerate(spoken_by):
        side = ("human", "observation") if place % 2 == 0 else ("gpt", "function_call")
        if speaker == "system":
            raise CannotHold("a system turn that is not the first")
        if speaker not in side:
            raise CannotHold("two turns of one side in a row")
