"""What the columns of a file of rows are, as far as their values tell.

message    text      long, and hardly two alike
category   label     few values that come again
price      number
ticket_id  id        a short value of its own for each row
expected   object    JSON objects, also written as text
chat       turns     a list of turns with a role
notes      empty
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from distill.records import Json
from distill.seeds.formats.file_format import RawRow
from distill.seeds.rows_to_seeds import text_of
from distill.text.normalise import strict_json
from distill.values.answer import number

ColumnKind = Literal["text", "label", "number", "id", "object", "turns", "list", "empty"]
_ID = re.compile(r"(?:^|[_\s.-])(?:id|uuid|guid|key|no|nr|hash)$|^id[_\s.-]", re.IGNORECASE)
_MOST_LABELS = 300
_LONGEST_LABEL = 60
_MOSTLY = 0.9


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column: `filled` of the rows have a value; `values` are the values of a label or an object's texts, commonest first."""

    name: str
    kind: ColumnKind
    filled: int
    distinct: int
    mean_length: float
    """Characters of a value."""
    values: Sequence[str] = ()


def columns_of(rows: Sequence[RawRow]) -> list[ColumnFacts]:
    """The columns of the rows, in the order in which they come."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [_facts(name, [row[name] for row in rows if _filled(row.get(name))]) for name in names]


def object_of(value: Json | ValueError) -> Mapping[str, Json] | None:
    """The JSON object that a value is or spells; None where it is none."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = strict_json(value)
        except ValueError:
            return None
    return value if isinstance(value, Mapping) else None


def _filled(value: Json | ValueError) -> bool:
    return value is not None and not isinstance(value, ValueError) and value not in ("", [], {})


def _facts(name: str, values: Sequence[Json]) -> ColumnFacts:
    texts = [text_of(value).strip() for value in values]
    counts = Counter(texts)
    kind = _kind(name, values, counts)
    length = sum(map(len, texts)) / len(texts) if texts else 0.0
    listed = (
        [value for value, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))] if kind == "label" else ()
    )
    return ColumnFacts(name, kind, len(values), len(counts), length, listed)


def _kind(name: str, values: Sequence[Json], counts: Mapping[str, int]) -> ColumnKind:
    if not values:
        return "empty"
    if _most(object_of(value) is not None for value in values):
        return "object"
    if _most(isinstance(value, list) for value in values):
        return "turns" if _most(_turns(value) for value in values) else "list"
    longest, mean = max(map(len, counts)), sum(map(len, counts)) / len(counts)
    once = len(counts) == len(values)
    if once and (_ID.search(name) or not _most(" " in value for value in counts)) and longest <= _LONGEST_LABEL:
        return "number" if _most(number(value) is not None for value in counts) and not _ID.search(name) else "id"
    few = len(counts) <= min(_MOST_LABELS, max(2, len(values) // 3))
    if few and longest <= _LONGEST_LABEL:
        return "label"
    if _most(number(value) is not None for value in counts):
        return "number"
    return "text" if mean > 1 else "label"


def _most(given: Iterable[bool]) -> bool:
    found = list(given)
    return bool(found) and sum(found) >= _MOSTLY * len(found)


def _turns(value: Json) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, Mapping) and ("role" in one or "from" in one) for one in value
    )
