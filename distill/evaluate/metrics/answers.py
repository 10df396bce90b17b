"""How good one answer is: a metric is a function `(example, answer text) → Score`.

    schema        1 where the whole text is JSON that obeys the task's schema
    json_fields   share of the known answer that the answer has right: of its fields, or of a plain value as a whole
    agreement     the same of the teacher's answer

`schema` is strict, because a program will read the answer. The two others read values (`distill.values.answer`) and compare them
by the rules of their fields (`distill.values.rules`), so that they measure knowledge and not format. A metric that cannot judge
raises `NotScorable`; a wrong answer is a 0 with its reason. Answers are untrusted: nothing in them is run or fetched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from distill.records import Json, Score, canonical
from distill.text.normalise import strict_json
from distill.values import answer as answer_value
from distill.values import free_text, json_schema
from distill.values import rules as value_rules
from distill.values.answer import Unreadable
from distill.values.likeness import TEXT_METRICS
from distill.values.match import match
from distill.values.rules import Rules

Object = Mapping[str, Json]
FREE_TEXT = "free text: many wordings are right, so it is not compared as a value"
REORDERED = "in another order, which counts as the same"
NO_ANSWER = "no answer"
"""Why a row of a call that failed has no score."""
NO_KNOWN = "the row has no known answer"
_AS_TEXT = ("text", "exact", "date", "time", *TEXT_METRICS)
_LONGEST = 400
"""Characters of a reason."""


class NotScorable(ValueError):
    """The metric cannot judge this row, through no fault of the answer: no gold, no schema, no teacher."""


@dataclass(frozen=True, slots=True)
class Example:
    """What an answer is held against. `compare` names the fields that count, empty means all of them; `gold_rules` and
    `teacher_rules` say how, by themselves as the schema does.
    """

    gold: Object | None = None
    schema: Object | None = None
    teacher: str | None = None
    compare: Sequence[str] = ()
    gold_rules: Rules | None = None
    teacher_rules: Rules | None = None


Metric = Callable[[Example, str], Score]


def schema(example: Example, answer: str) -> Score:
    """1 if the whole text is one JSON value that obeys the schema, else 0 with the first fault."""
    if example.schema is None:
        raise NotScorable("the task gives no output schema")
    fault = _schema_fault(canonical(example.schema), answer)
    return Score(0.0, fault) if fault else Score(1.0)


def json_fields(example: Example, answer: str) -> Score:
    """Share of the known answer's fields that the answer has, e.g. {intent, urgency}, one of them right → 0.5."""
    if not example.gold:
        raise NotScorable(NO_KNOWN)
    wanted = known(example.gold, example.schema, example.gold_rules)
    return _score(wanted, answer, example, example.gold_rules)


def agreement(example: Example, answer: str) -> Score:
    """Share of the teacher's answer that the answer has too; unscored where the teacher's cannot be read."""
    if example.teacher is None:
        raise NotScorable("the teacher gave no answer")
    try:
        theirs = answer_value.read(example.teacher, expected(example.schema, None, example.teacher_rules))
    except Unreadable as fault:
        raise NotScorable(f"the teacher's answer cannot be read: {fault}") from None
    return _score(theirs, answer, example, example.teacher_rules)


METRICS: dict[str, Metric] = {"json_fields": json_fields, "schema": schema, "agreement": agreement}


def known(gold: Object, schema: Object | None, rules: Rules | None = None) -> Json:
    """A known answer as the value that answers are held against; NotScorable where it cannot be one of the task's."""
    fields = _fields(json.dumps(schema))
    value = answer_value.of_known(gold, fields, expected(None, None, rules))
    if len(fields) > 1 and not isinstance(value, dict):
        raise NotScorable(
            f"the known answer is a plain value and answers have the fields {', '.join(fields)}; write it as an object"
        )
    return value


def expected(schema: Object | None, wanted: Json, rules: Rules | None) -> answer_value.Expected:
    """What an answer is expected to be; as text where the task compares whole answers letter by letter, or as a date."""
    if rules is not None and rules.at(()).kind in _AS_TEXT:
        return "text"
    return answer_value.expected_of(schema, wanted)


def _score(wanted: Json, answer: str, example: Example, given: Rules | None) -> Score:
    rules = given or _rules_alone(wanted, example)
    if not rules.counts(()):
        raise NotScorable(FREE_TEXT)
    if isinstance(wanted, dict) and wanted and not any(rules.counts((name,)) for name in wanted):
        raise NotScorable(f"none of the fields {', '.join(wanted)} is compared")
    try:
        found = value_in(answer, wanted, example.schema, rules)
    except Unreadable as fault:
        return Score(0.0, str(fault)[:_LONGEST])
    got = match(wanted, found, rules)
    moved = [f"{name}: {REORDERED}" for name in got.reordered]
    return Score(got.value, "; ".join([*got.wrong, *moved])[:_LONGEST])


def value_in(answer: str, wanted: Json, schema: Object | None, rules: Rules) -> Json:
    """An answer's value, read as what `wanted` is; Unreadable where none of that kind is in it."""
    return _found(answer, wanted, expected(schema, wanted, rules), bare=schema is None)


def _found(answer: str, wanted: Json, form: answer_value.Expected, *, bare: bool) -> Json:
    """The answer's value. An object of one field stands for that value, and where no schema forbids it the value for the
    object.
    """
    if form == "list" and not any(mark in answer for mark in "[{"):
        return answer_value.read(answer)  # labels one after another
    if form == "object" and bare and isinstance(wanted, dict) and len(wanted) == 1 and "{" not in answer:
        return {next(iter(wanted)): answer_value.read(answer)}
    if form == "list":
        return _only_value(answer, form)
    found = answer_value.read(answer, form)
    plain = not isinstance(wanted, dict | list)
    return next(iter(found.values())) if plain and isinstance(found, dict) and len(found) == 1 else found


def _only_value(answer: str, form: answer_value.Expected) -> Json:
    """A list, also as the only field of an object."""
    try:
        return answer_value.read(answer, form)
    except Unreadable as fault:
        found = answer_value.read(answer)
        inside = next(iter(found.values())) if isinstance(found, dict) and len(found) == 1 else None
        if not isinstance(inside, list):
            raise fault from None
        return inside


def _rules_alone(wanted: Json, example: Example) -> Rules:
    """The rules for a row of which no other is known."""
    rules = replace(value_rules.of(example.schema), only=frozenset(example.compare))
    free = isinstance(wanted, str) and () not in rules.closed and free_text.long(wanted)
    return replace(rules, of={**rules.of, (): value_rules.Rule("ignore")}) if free else rules


@lru_cache(maxsize=256)  # short answers, such as labels, come again and again
def _schema_fault(schema_text: str, answer: str) -> str:
    from jsonschema.exceptions import best_match
    from referencing.exceptions import Unresolvable

    try:
        value = strict_json(answer)
    except ValueError as error:
        return f"not JSON: {error}"[:200]
    try:
        fault = best_match(_validator(schema_text).iter_errors(value))
    except Unresolvable as error:
        raise NotScorable(f"the schema points outside itself: {error}") from error
    except RecursionError:
        return "nested too deeply"
    return f"{fault.json_path}: {fault.message}"[:200] if fault else ""


@lru_cache(maxsize=8)
def _fields(schema_text: str) -> tuple[str, ...]:
    return tuple(value_rules.names(json.loads(schema_text)))


@lru_cache(maxsize=8)
def _validator(schema_text: str) -> Any:
    return json_schema.validator(json.loads(schema_text))
