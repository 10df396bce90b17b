"""The JSON Schema of an answer, drawn from known ones."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from distill.records import Json
from distill.values.answer import number
from distill.values.plain import number_of

_MOST_VALUES = 50
_REPEATS = 3
_LONGEST = 60
_NEARLY_ALL = 0.99


def of_label(field: str, values: Sequence[str]) -> dict[str, Json]:
    """An answer of one field that is one of the values; true, false and numbers as such."""
    found = [_typed(value) for value in values]
    if all(isinstance(value, float) and value.is_integer() for value in found):
        found = [int(value) for value in found]  # as a table with empty cells writes whole numbers
    typed = list({json.dumps(value): value for value in found}.values())
    boolean = {value for value in typed if isinstance(value, bool)} == {True, False} and len(typed) == 2
    return _object({field: {"type": "boolean"} if boolean else {"enum": typed}}, [field])


def of_numbers(field: str, values: Sequence[Json]) -> dict[str, Json]:
    """An answer of one field that is a number, a whole one where all known ones are; those of `values` that are none do not count."""
    found = [spelt for value in values if (spelt := number_of(value)) is not None]
    return _object({field: _of(found) if found else {"type": "number"}}, [field])


def of_lists(field: str, values: Sequence[Sequence[Json]]) -> dict[str, Json]:
    """An answer of one field that is a list of what the known ones hold."""
    return _object({field: _of([list(value) for value in values])}, [field])


def of_objects(answers: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """An answer with the fields that the known ones have; a field that nearly all have is required."""
    names = dict.fromkeys(name for answer in answers for name in answer)
    parts = {name: _part([answer[name] for answer in answers if name in answer]) for name in names}
    needed = [name for name in names if sum(name in answer for answer in answers) >= _NEARLY_ALL * len(answers)]
    return _object(parts, needed)


def field_name(column: str) -> str:
    """A column's name as a field of JSON that is easy to write."""
    return re.sub(r"\W+", "_", column.strip().lower()).strip("_") or "answer"


def _object(parts: Mapping[str, Json], needed: Sequence[str]) -> dict[str, Json]:
    return {"type": "object", "properties": dict(parts), "required": list(needed), "additionalProperties": False}


def _typed(value: str) -> Json:
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    spelt = number(value)
    return value if spelt is None or str(spelt) != value else spelt


def _part(values: Sequence[Json]) -> dict[str, Json]:
    """The schema of one field's values; null beside others is allowed."""
    there = [value for value in values if value is not None]
    part = _of(there) if there else {}
    if len(there) == len(values) or not there:
        return part
    return {"anyOf": [part, {"type": "null"}]}


def _of(values: Sequence[Json]) -> dict[str, Json]:
    if all(isinstance(value, bool) for value in values):
        return {"type": "boolean"}
    if all(isinstance(value, int | float) for value in values):
        return {"type": "integer" if all(isinstance(value, int) for value in values) else "number"}
    if all(isinstance(value, Mapping) for value in values):
        return of_objects(values)
    if all(isinstance(value, list) for value in values):
        items = [item for value in values for item in value]
        return {"type": "array", "items": _of(items) if items else {}}
    if not all(isinstance(value, str) for value in values):
        return {}
    counts = Counter(values)
    closed = len(counts) <= _MOST_VALUES and len(values) >= _REPEATS * len(counts) and max(map(len, counts)) <= _LONGEST
    return {"type": "string", "enum": [value for value, _ in counts.most_common()]} if closed else {"type": "string"}
