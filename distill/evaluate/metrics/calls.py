"""Tool calls: whether an answer calls what the known one (or the teacher) calls, with the same arguments, in whatever order.

A row on which nothing is to be called counts too: an answer that calls a tool there is wrong, and one that calls none is right,
whatever it says. Arguments are compared as values are (`distill.values`): by kind, or by the rule of `tool_calls.arguments.NAME`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

from distill.evaluate.metrics.answers import NO_KNOWN, Example, NotScorable
from distill.records import Json, Score
from distill.text.normalise import strict_json
from distill.values import rules as value_rules
from distill.values.match import match
from distill.values.rules import Rules

CALLS = "tool_calls"
_LONGEST = 400


def tool_calls(example: Example, answer: str) -> Score:
    """1 where the answer makes the known answer's calls, or none where it makes none."""
    if not example.gold:
        raise NotScorable(NO_KNOWN)
    return _score(calls_of(dict(example.gold)), answer, example.gold_rules)


def agreement_tool_calls(example: Example, answer: str) -> Score:
    """The same of the teacher's answer."""
    if example.teacher is None:
        raise NotScorable("the teacher gave no answer")
    return _score(_read(example.teacher), answer, example.teacher_rules)


def calls_of(value: Json) -> list[Json]:
    """The calls of an answer's value, each {"name", "arguments"}; empty where it makes none."""
    calls = value.get(CALLS) if isinstance(value, dict) else None
    return [_plain(one) for one in calls] if isinstance(calls, list) else []


def _read(answer: str) -> list[Json]:
    try:
        return calls_of(strict_json(answer))
    except ValueError:
        return []


def _plain(call: Json) -> Json:
    """A call without what only its transport needs: an id, a type, arguments as a text."""
    inner = call.get("function") if isinstance(call, dict) else None
    call = inner if isinstance(inner, dict) else call
    if not isinstance(call, dict) or "name" not in call:
        return call
    arguments = call.get("arguments")
    if isinstance(arguments, str):
        with suppress(ValueError, RecursionError):
            arguments = json.loads(arguments)
    return {"name": call["name"], "arguments": {} if arguments is None else arguments}


def _score(wanted: Sequence[Json], answer: str, rules: Rules | None) -> Score:
    found = _read(answer)
    if not wanted and not found:
        return Score(1.0)
    if not wanted:
        return Score(0.0, f"calls {_names(found)}, where no call is expected")
    if not found:
        return Score(0.0, f"calls no tool, expected {_names(wanted)}")
    got = match({CALLS: list(wanted)}, {CALLS: found}, rules or value_rules.of(None))
    return Score(got.value, "; ".join(got.wrong)[:_LONGEST])


def _names(calls: Sequence[Json]) -> str:
    return ", ".join(str(call.get("name")) if isinstance(call, dict) else "?" for call in calls)[:80]
