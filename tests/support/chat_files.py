"""Chat files for preflights: good ones, and the same with one fault planted, each by the name that a preflight gives it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Lines = list[bytes]
_WORDS = ("lamp", "river", "copper", "Tuesday", "onion", "violin", "gravel", "passport", "thunder", "biscuit", "ladder")
COUNT = 60
SYSTEM = "You answer in one sentence."


def question(i: int) -> str:
    return f"What does note {i * 7919 % 10007} say of the {_WORDS[i % 11]} and the {_WORDS[(i * 5 + i // 11) % 11]}?"


def answer(i: int) -> str:
    return f"It says that the {_WORDS[(i * 3 + 1) % 11]} stands behind the {_WORDS[(i + i // 7) % 11]}, {i * 104729 % 9973} steps away."


def turn(role: str, content: Any, **more: Any) -> Row:
    return {"role": role, "content": content, **more}


def chat(i: int, *, system: str | None = SYSTEM) -> Row:
    before = [turn("system", system)] if system else []
    return {"messages": [*before, turn("user", question(i)), turn("assistant", answer(i))]}


def chats(count: int = COUNT, start: int = 0) -> list[Row]:
    return [chat(i) for i in range(start, start + count)]


TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]


def call(identity: str = "1", arguments: Any = '{"q": "x"}', name: str = "look") -> Row:
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


def with_tools(i: int, **changed: Any) -> Row:
    turns = [
        turn("user", question(i)),
        turn("assistant", None, tool_calls=[call(**changed)]),
        turn("tool", f"found {i}", tool_call_id="1"),
        turn("assistant", answer(i)),
    ]
    return {"messages": turns, "tools": TOOLS}


def preference(i: int) -> Row:
    """OpenAI's."""
    return {
        "input": {"messages": [turn("user", question(i))]},
        "preferred_output": [turn("assistant", answer(i))],
        "non_preferred_output": [turn("assistant", answer(i + 1000))],
    }


def label(i: int) -> Row:
    row = chat(i)
    row["messages"][-1]["content"] = ("refund", "delivery", "account")[i % 3]
    return row


def written(path: Path, rows: list[Row] | Lines | bytes) -> Path:
    """A file of rows, of lines, or of bytes as they are."""
    if isinstance(rows, bytes):
        path.write_bytes(rows)
        return path
    path.write_bytes(b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows))
    return path


def _multi(i: int) -> Row:
    first = [turn("user", question(i)), turn("assistant", answer(i), weight=0)]
    return {"messages": [*first, turn("user", question(i + 500)), turn("assistant", answer(i + 500), weight=1)]}


def _parts(i: int) -> Row:
    return {"messages": [turn("user", [{"type": "text", "text": question(i)}]), turn("assistant", answer(i))]}


def _greek(i: int) -> Row:
    return {
        "messages": [
            turn("user", f"Τι λέει η σημείωση {i * 31}; 🙂 {_WORDS[i % 11]}"),
            turn("assistant", f"Λέει «ναι» στο {i * 17} – ✓"),
        ]
    }


def _json_answer(i: int) -> Row:
    row = chat(i)
    row["messages"][-1]["content"] = json.dumps({"mood": ("glad", "cross")[i % 2], "note": answer(i)})
    return row


GOOD: dict[str, Callable[[int], Row]] = {
    "chat": chat,
    "chat without a system prompt": lambda i: chat(i, system=None),
    "several turns with weights": _multi,
    "tools": with_tools,
    "content in parts": _parts,
    "another script": _greek,
    "prompt and completion as turns": lambda i: {
        "prompt": [turn("user", question(i))],
        "completion": [turn("assistant", answer(i))],
    },
    "prompt and completion as text": lambda i: {"prompt": question(i), "completion": answer(i)},
    "preferences of OpenAI": preference,
    "preferences of TRL": lambda i: {"prompt": question(i), "chosen": answer(i), "rejected": answer(i + 1000)},
    "labels": label,
    "answers in JSON": _json_answer,
}
"""What it is → a row of it."""
