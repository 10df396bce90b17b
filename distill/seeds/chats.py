"""Logged chats as seeds: what was asked becomes the conversation to be answered, what was answered the known answer.

    {"messages": [{"role": "user", "content": …}, …]}                  OpenAI's, also in a fine-tuning file or a request log
    {"conversations": [{"from": "human", "value": …}, …]}              ShareGPT
    {"instruction": …, "input": …, "output": …}                        Alpaca

Each becomes {"messages": [turns up to the question], "system": its system prompt or "", "reply": the last answer or None},
and every other column stays as it was. A template puts the turns in with `[messages]` and `{{messages}}`; `gold: reply`
names the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distill import chat
from distill.records import Json

Row = dict[str, Json]
_ROLES = {
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "model": "assistant", "bot": "assistant",
    "system": "system", "tool": "tool",
}  # fmt: skip
SHAPES = "messages (OpenAI), conversations (ShareGPT), or instruction and output (Alpaca)"


def row_of(row: Mapping[str, Json]) -> Row:
    """A logged chat as a row of seeds; ValueError says what is wrong with it."""
    if isinstance(row.get("messages"), list):
        name, turns = "messages", row["messages"]
    elif isinstance(row.get("conversations"), list):
        name, turns = "conversations", [_turn(turn, number) for number, turn in enumerate(row["conversations"], 1)]
    elif "instruction" in row:
        return _alpaca(row)
    else:
        raise ValueError(f"no chat: expected {SHAPES}; found {', '.join(map(str, row)) or 'nothing'}")
    told = chat.turns(turns, last=False)
    system = "\n\n".join(str(turn["content"]) for turn in told if turn["role"] in ("system", "developer"))
    said = [turn for turn in told if turn["role"] not in ("system", "developer")]
    reply = said.pop() if said and said[-1]["role"] == "assistant" else None
    if not said:
        raise ValueError("nothing was asked: the chat has no turn of the user's before its answer")
    others = {key: value for key, value in row.items() if key != name}
    return {**others, "messages": said, "system": system, "reply": _reply(reply)}


def _turn(turn: Any, number: int) -> Row:
    """A ShareGPT turn as a chat API has it."""
    if not isinstance(turn, Mapping) or str(turn.get("from")) not in _ROLES:
        raise ValueError(
            f"turn {number}: `from` is one of {', '.join(_ROLES)}, found {turn.get('from') if isinstance(turn, Mapping) else turn!r}"
        )
    return {"role": _ROLES[str(turn["from"])], "content": turn.get("value")}


def _alpaca(row: Mapping[str, Json]) -> Row:
    asked, more, answer = row.get("instruction"), row.get("input") or "", row.get("output")
    if not isinstance(asked, str) or not isinstance(more, str) or not asked.strip():
        raise ValueError("the instruction is empty or no text")
    content = f"{asked}\n\n{more}" if more.strip() else asked
    others = {key: value for key, value in row.items() if key not in ("instruction", "input", "output")}
    return {**others, "messages": [{"role": "user", "content": content}], "system": "", "reply": answer or None}


def _reply(turn: chat.Turn | None) -> Json:
    """The answer as gold compares it: its text, or its calls as a teacher's are spelt."""
    if turn is None:
        return None
    calls = turn.get("tool_calls")
    if not calls:
        return turn["content"] or None
    spoken = [chat.call_of(call).plain for call in calls]
    return {"content": turn["content"] or None, "tool_calls": spoken}
