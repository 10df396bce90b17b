"""The faults of one conversation: its turns, their order, its tools. Each is a name of `kinds` with what is there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from distill.chat import content
from distill.chat.conversation import ROLES, THOUGHT
from distill.records import Json
from distill.student.preflight.findings import shown

Fault = tuple[str, str]
_TURN_KEYS = frozenset(
    ("role", "content", "name", "tool_calls", "tool_call_id", "weight", "refusal", "function_call", "audio", THOUGHT)
)


def faults(turns: Json, tools: Json) -> Iterator[Fault]:
    """All that is wrong with a conversation; one that is no list of turns has that fault alone."""
    if not isinstance(turns, list) or not turns:
        yield (
            "no_messages",
            f"found {turns if isinstance(turns, str) else content.kind(turns) if turns != [] else 'an empty list'}",
        )
        return
    shaped = True
    for number, turn in enumerate(turns, 1):
        for name, said in _of_turn(turn, number):
            shaped = shaped and name not in ("bad_turn", "unknown_role")
            yield name, said
    if not shaped:
        return
    yield from _order(turns)
    yield from _answer(turns)
    yield from _tools(turns, tools)


def said(turn: Mapping[str, Json]) -> str:
    """The text of a turn; empty where it has none."""
    try:
        text = content.text(turn.get("content"))
    except ValueError:
        return ""
    refusal = turn.get("refusal")
    return text or (refusal if isinstance(refusal, str) else "")


def _of_turn(turn: Json, number: int) -> Iterator[Fault]:
    if not isinstance(turn, Mapping) or not isinstance(turn.get("role"), str):
        yield (
            "bad_turn",
            f"turn {number} is {content.kind(turn) if not isinstance(turn, Mapping) else 'an object without a role'}",
        )
        return
    role = turn["role"]
    old = role == "function" or bool(turn.get("function_call"))
    if old:
        yield "old_functions", f"turn {number}"
    elif role not in ROLES:
        yield "unknown_role", f"turn {number}: {shown(role)}"
    yield from _content(turn, number, old=old)
    yield from _weight(turn, number)
    if role != "assistant" and turn.get("tool_calls"):
        yield "calls_of_another", f"turn {number}, of {shown(role)}"
    if more := sorted(str(key) for key in turn if key not in _TURN_KEYS):
        yield "unknown_turn_key", f"turn {number}: {', '.join(more[:5])}"


def _content(turn: Mapping[str, Json], number: int, *, old: bool) -> Iterator[Fault]:
    value = turn.get("content")
    try:
        text = content.text(value)
    except ValueError as fault:
        yield "not_text", f"turn {number}: {fault}"
        return
    if not _is_text(value):
        yield (
            "not_text",
            f"turn {number}: {shown(str(value))}, expected text, or parts like {{'type': 'text', 'text': …}}",
        )
    elif text is None and not (turn.get("tool_calls") or turn.get("refusal") or old):
        yield "no_content", f"turn {number}, of {turn['role']!r}"


def _is_text(value: Json) -> bool:
    """Whether hosts and chat templates take it for text: bare strings in a list, or an object, they do not."""
    if isinstance(value, list):
        return all(isinstance(part, Mapping) and "type" in part for part in value)
    return value is None or isinstance(value, str)


def _weight(turn: Mapping[str, Json], number: int) -> Iterator[Fault]:
    if "weight" not in turn:
        return
    weight = turn["weight"]
    if isinstance(weight, bool) or weight not in (0, 1):
        yield "bad_weight", f"turn {number}: {weight!r}"
    elif turn["role"] != "assistant":
        yield "weight_elsewhere", f"turn {number}, of {turn['role']!r}"


def _order(turns: Sequence[Mapping[str, Json]]) -> Iterator[Fault]:
    roles = [turn["role"] for turn in turns]
    if roles[-1] != "assistant":
        yield "last_turn", f"it is the {roles[-1]}'s"
    if roles[0] in ("assistant", "tool"):
        yield "first_turn", f"it is the {roles[0]}'s"
    if "user" not in roles:
        yield "no_user_turn", ""
    if late := next(
        (number for number, role in enumerate(roles, 1) if role in ("system", "developer") and number > 1), None
    ):
        yield "system_later", f"turn {late}"
    pairs = pairwise(roles)
    if twice := next((number for number, (a, b) in enumerate(pairs, 1) if a == b and a in ("user", "assistant")), None):
        yield "same_role_twice", f"turns {twice} and {twice + 1} are the {roles[twice - 1]}'s"


def _answer(turns: Sequence[Mapping[str, Json]]) -> Iterator[Fault]:
    for number, turn in enumerate(turns, 1):
        if _blank(turn):
            last = number == len(turns) and turn["role"] == "assistant"
            yield ("empty_answer" if last else "empty_turn"), f"turn {number}, of {turn['role']!r}"
    answers = [turn for turn in turns if turn["role"] == "assistant"]
    if answers and all(turn.get("weight") == 0 and not isinstance(turn.get("weight"), bool) for turn in answers):
        yield "nothing_trains", f"{len(answers)} turns"
    text = said(turns[-1])
    if turns[-1]["role"] == "assistant" and text.strip() and text != text.strip():
        yield "edge_space", "at the beginning" if text[0].isspace() else "at the end"


def _blank(turn: Mapping[str, Json]) -> bool:
    """Whether a turn has a content in which nothing stands, and calls nothing."""
    value = turn.get("content")
    if turn.get("tool_calls") or turn.get("function_call") or value is None or said(turn).strip():
        return False
    try:
        content.text(value)
    except ValueError:
        return False
    return True


def _tools(turns: Sequence[Mapping[str, Json]], tools: Json) -> Iterator[Fault]:
    listed = _listed(tools)
    if listed is None:
        yield "bad_tools", f"found {content.kind(tools)}"
    open_calls: dict[str, int] = {}
    known = set[str]()
    for number, turn in enumerate(turns, 1):
        if turn["role"] == "tool":
            identity = turn.get("tool_call_id")
            if not isinstance(identity, str) or identity not in known:
                yield "result_without_call", f"turn {number}: tool_call_id {shown(str(identity))}"
            open_calls.pop(str(identity), None)
            continue
        if open_calls:
            yield (
                "call_without_result",
                f"turn {number} follows a call of turn {next(iter(open_calls.values()))} that has no result",
            )
            open_calls = {}
        if turn["role"] == "assistant" and turn.get("tool_calls"):
            yield from _calls(turn["tool_calls"], number, listed)
            ids = _ids(turn["tool_calls"])
            known |= set(ids)
            open_calls = dict.fromkeys(ids, number)


def _ids(calls: Json) -> list[str]:
    found = calls if isinstance(calls, list) else []
    return [str(call["id"]) for call in found if isinstance(call, Mapping) and "id" in call]


def _calls(calls: Json, number: int, listed: set[str] | None) -> Iterator[Fault]:
    if not isinstance(calls, list):
        yield "bad_tool_call", f"turn {number}: {content.kind(calls)}"
        return
    for call in calls:
        function = call.get("function") if isinstance(call, Mapping) else None
        whole = isinstance(function, Mapping) and isinstance(function.get("name"), str) and "arguments" in function
        if not isinstance(function, Mapping) or not whole or not isinstance(call.get("id"), str):
            yield (
                "bad_tool_call",
                f'turn {number}: expected {{"id": …, "type": "function", "function": {{"name": …, "arguments": …}}}}',
            )
            continue
        yield from _arguments(function["arguments"], number)
        if listed == set():
            yield "tools_missing", f"turn {number} calls {shown(function['name'])}"
        elif listed is not None and function["name"] not in listed:
            yield "tool_not_listed", f"turn {number} calls {shown(function['name'])}"


def _arguments(given: Json, number: int) -> Iterator[Fault]:
    if isinstance(given, Mapping):
        yield "arguments_no_text", f"turn {number}"
        return
    try:
        value = json.loads(given) if isinstance(given, str) else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        yield "bad_arguments", f"turn {number}: {shown(str(given))}"


def _listed(tools: Json) -> set[str] | None:
    """The names of a row's tools; None where `tools` is no list of functions."""
    if tools is None:
        return set()
    if not isinstance(tools, list):
        return None
    functions = [tool.get("function") if isinstance(tool, Mapping) else None for tool in tools]
    names = [one.get("name") if isinstance(one, Mapping) else None for one in functions]
    return {name for name in names if isinstance(name, str)} if all(isinstance(name, str) for name in names) else None
