"""How good one answer is: a metric is a function `(example, answer text) → Score`.

    schema        1 where the whole text is JSON that obeys the task's schema
    json_fields   share of the gold fields that the answer has right
    agreement     share of the teacher's fields that the answer has too

`schema` is strict, because a program will read the answer. The two others are lenient about what stands
around the first JSON object, so that they measure knowledge and not format. A metric that cannot judge raises
`Unscored`; a wrong answer is a 0 with its reason. Answers are untrusted: nothing in them is run or fetched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from distill import json_schema
from distill.records import Json, Score, canonical
from distill.text import normalise, strict_json

Object = Mapping[str, Json]

_BRACES = 64  # places tried for the start of an object; bounds the work on hostile text


class Unscored(ValueError):
    """The metric cannot judge this row, through no fault of the answer: no gold, no schema, no teacher."""


@dataclass(frozen=True, slots=True)
class Example:
    """What an answer is held against. `compare` names the fields that count; empty means all of them."""

    gold: Object | None = None
    schema: Object | None = None
    teacher: str | None = None
    compare: Sequence[str] = ()


Metric = Callable[[Example, str], Score]


def schema(example: Example, answer: str) -> Score:
    """1 if the whole text is one JSON value that obeys the schema, else 0 with the first fault."""
    if example.schema is None:
        raise Unscored("the task gives no output schema")
    try:
        value = strict_json(answer)
    except ValueError as error:
        return Score(0.0, f"not JSON: {error}"[:200])
    fault = _schema_fault(canonical(example.schema), value)
    return Score(0.0, fault) if fault else Score(1.0)


def json_fields(example: Example, answer: str) -> Score:
    """Share of the gold fields the answer has, e.g. gold {intent, urgency}, one of them right → 0.5."""
    if not example.gold:
        raise Unscored("the row has no gold answer")
    return _share(example.gold, example.compare, answer)


def agreement(example: Example, answer: str) -> Score:
    """Share of the teacher's fields the answer has; unscored where the teacher's cannot be read."""
    theirs = found_object(example.teacher or "")
    if not theirs:
        raise Unscored("the teacher's answer holds no JSON object")
    return _share(theirs, example.compare, answer)


METRICS: dict[str, Metric] = {"json_fields": json_fields, "schema": schema, "agreement": agreement}


def found_object(text: str) -> dict[str, Json] | None:
    """The first JSON object in `text`, whatever stands around it (prose, code fences); None without one."""
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    at = text.find("{")
    for _ in range(_BRACES):
        if at < 0:
            return None
        try:
            return dict(decoder.raw_decode(text, at)[0])
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
    return None


def same(left: Json, right: Json) -> bool:
    """Equal after NFC, case and blanks; true is not 1, and lists keep their order."""
    if isinstance(left, str) and isinstance(right, str):
        return normalise(left) == normalise(right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _share(wanted: Object, compare: Sequence[str], answer: str) -> Score:
    names = [name for name in (compare or list(wanted)) if name in wanted]
    if "tool_calls" in names:  # what is said beside a call is not what was asked
        names = [name for name in names if name != "content"]
    if not names:
        raise Unscored(f"none of the fields {list(compare)} is known; there are {list(wanted)}")
    found = found_object(answer)
    if found is None:
        return Score(0.0, "no JSON object")
    wrong = [name for name in names if name not in found or not same(wanted[name], found[name])]
    reason = "; ".join(f"{name}: {_shown(found, name)}, expected {canonical(wanted[name])}" for name in wrong)
    return Score(1 - len(wrong) / len(names), reason)


def _shown(found: Object, name: str) -> str:
    return canonical(found[name])[:80] if name in found else "missing"


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


def _schema_fault(schema_text: str, value: Json) -> str:
    from jsonschema.exceptions import best_match
    from referencing.exceptions import Unresolvable

    try:
        fault = best_match(_validator(schema_text).iter_errors(value))
    except Unresolvable as error:
        raise Unscored(f"the schema points outside itself: {error}") from error
    except RecursionError:
        return "nested too deeply"
    return f"{fault.json_path}: {fault.message}"[:200] if fault else ""


@lru_cache(maxsize=8)
def _validator(schema_text: str) -> Any:
    return json_schema.validator(json.loads(schema_text))
