"""Training rows of every kind: plain, a conversation, a call, a call that was answered, one from a developer."""

from __future__ import annotations

import json
from typing import Any

from distill.student.formats.row import TrainingRow

SYSTEM = {"role": "system", "content": "Be short."}


def user(text: str, **own: Any) -> dict[str, Any]:
    return {"role": "user", "content": text, **own}


def said(text: str, **own: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **own}


def call(name: str, arguments: dict[str, Any], content: str | None = None, **own: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {
        "role": "assistant",
        "content": content,
        "tool_calls": [{"id": "call_0", "type": "function", "function": function}],
        **own,
    }


def tool(name: str, **properties: str) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {key: {"type": kind} for key, kind in properties.items()}}
    return {"type": "function", "function": {"name": name, "description": f"to {name}", "parameters": parameters}}


RESULT = {"role": "tool", "tool_call_id": "call_0", "content": "42 €"}
PLAIN = TrainingRow("plain", [SYSTEM, user("Where?\u2028Here."), said("there")])
TALK = TrainingRow("talk", [SYSTEM, user("hi"), said("yes?", weight=0), user("say"), said("so")])
CALL = TrainingRow("call", [SYSTEM, user("look 7 up"), call("look", {"id": 7})], [tool("look", id="integer")], False)
ANSWERED = TrainingRow(
    "answered", [user("find z"), call("find", {"q": "z", "all": True}, weight=0), RESULT, said("it is 42")], [tool("find", q="string")]
)  # fmt: skip
ROWS = [PLAIN, TALK, CALL, ANSWERED]
