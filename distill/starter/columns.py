"""What the columns of a file of rows are, as far as their values tell.

message    text      long, and hardly two alike
category   label     few values that come again
price      number    also "4,99"
ticket_id  id        a short value of its own for each row, or a name that says so
created    date      days and moments
expected   object    JSON objects, also written as text
tags       list      also written as text
chat       turns     a list of turns with a role
notes      empty
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from distill.records import Json
from distill.seeds.formats.file_format import RawRow
from distill.seeds.rows_to_seeds import text_of
from distill.text.normalise import strict_json
from distill.values.plain import number_of

ColumnKind = Literal["text", "label", "number", "id", "date", "object", "turns", "list", "empty"]
_ID = re.compile(
    r"(?i:(?:^|[_\s.-])(?:id|uuid|guid|key|no|nr|n°|hash|index|idx|url|email|e-mail|phone)[.:]?$|^id[_\s.-]|^#$|^№$)|[a-z]I[dD]$"
)
_DATE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})|\d{1,2}\.? [^\W\d_]{3,9}\.?,? \d{4}|[^\W\d_]{3,9}\.? \d{1,2}, \d{4})"
    r"(?:[T ,]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AP]M)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?|\d{1,2}:\d{2}(?::\d{2})?",
    re.IGNORECASE,
)
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Letters of the scripts whose words stand without blanks between them."""
_MOST_LABELS = 300
_LONGEST_LABEL = 60
_LONGEST_URL = 300
_SHORT = 40
_MOST_NUMBERS = 12
"""Numbers that come again are labels up to so many of them, such as stars; more are amounts."""
_OF_SOMEBODY = 10
"""Rows a value, from which a column that is called an id is one of a few kinds, and not of a customer or a ticket."""
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

    @property
    def plain(self) -> str:
        """The name in lower case, as lists of names have it."""
        return self.name.strip().lower()


def columns_of(rows: Sequence[RawRow]) -> list[ColumnFacts]:
    """The columns of the rows, in the order in which they come."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [_facts(name, [row[name] for row in rows if filled(row.get(name))]) for name in names]


def object_of(value: Json | ValueError) -> Mapping[str, Json] | None:
    """The JSON object that a value is or spells; None where it is none."""
    value = _spelt(value, "{")
    return value if isinstance(value, Mapping) else None


def list_of(value: Json | ValueError) -> list[Json] | None:
    """The JSON list that a value is or spells; None where it is none."""
    value = _spelt(value, "[")
    return value if isinstance(value, list) else None


def _spelt(value: Json | ValueError, opens: str) -> Json | ValueError:
    if isinstance(value, str) and value.lstrip().startswith(opens):
        try:
            return strict_json(value)
        except ValueError:
            return None
    return value


def filled(value: Json | ValueError) -> bool:
    """Whether a cell says anything."""
    return (
        not isinstance(value, ValueError)
        and value not in (None, [], {})
        and not (isinstance(value, str) and not value.strip())
    )


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
    if _most(list_of(value) is not None for value in values):
        return "turns" if _most(_turns(list_of(value)) for value in values) else "list"
    if _most(_DATE.fullmatch(value) is not None for value in counts):
        return "date"
    if _is_id(name, counts, len(values)):
        return "id"
    few = len(counts) <= _most_labels(counts, len(values)) and max(map(len, counts)) <= _LONGEST_LABEL
    if _most(number_of(value) is not None for value in counts):
        return "label" if few and len(counts) <= _MOST_NUMBERS else "number"
    return "label" if few else "text"


def _is_id(name: str, counts: Mapping[str, int], rows: int) -> bool:
    """Whether the values tell one row, or one customer or ticket, from another."""
    if max(map(len, counts)) > (_LONGEST_URL if _ID.search(name) else _LONGEST_LABEL) or _most(map(_words, counts)):
        return False
    if _ID.search(name):
        return len(counts) * _OF_SOMEBODY > rows
    return len(counts) == rows and (_counts_up(counts) or not _most(number_of(value) is not None for value in counts))


def _counts_up(values: Iterable[str]) -> bool:
    """Whether values are the numbers of the rows, from any first one."""
    found = [number_of(value) for value in values]
    return all(
        isinstance(one, int) and isinstance(other, int) and other == one + 1 for one, other in itertools.pairwise(found)
    )


def _words(value: str) -> bool:
    return " " in value or _UNSPACED.search(value) is not None


def _most_labels(counts: Mapping[str, int], rows: int) -> int:
    """How many values a label of so many rows may have: short ones may come twice on average, longer ones three times."""
    short = sum(len(value) <= _SHORT and value.count(" ") < 3 for value in counts) >= _MOSTLY * len(counts)
    return min(_MOST_LABELS, max(2, rows // (2 if short else 3)))


def _most(given: Iterable[bool]) -> bool:
    found = list(given)
    return bool(found) and sum(found) >= _MOSTLY * len(found)


def _turns(value: Sequence[Json] | None) -> bool:
    return bool(value) and all(isinstance(one, Mapping) and ("role" in one or "from" in one) for one in value or ())
