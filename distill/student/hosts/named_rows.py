"""Lines that a host names in a message, told by the ids of the rows that stand on them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NAMED = re.compile(
    r"\b(?:lines?|rows?|examples?)\s*(?:number|no\.?|#|:)?\s*((?:\d+(?:\s*(?:,|and)\s*)?)+)", re.IGNORECASE
)
_MOST = 5


def names_a_line(message: str) -> bool:
    return _NAMED.search(message) is not None


def with_rows(message: str, ids: Sequence[str], *, valid_ids: Sequence[str] = ()) -> str:
    """The message with the ids of the rows on the lines that it names, counted from 1 as hosts do.

    `ids` are those of the training file, in its order; a message that speaks of a validation file is read by `valid_ids`.
    Unchanged where it names no line, or one that the file has not.
    """
    rows = valid_ids if re.search(r"\bvalid(ation)?(_file|\.jsonl| file| data)", message, re.IGNORECASE) else ids
    lines = dict.fromkeys(int(number) for named in _NAMED.findall(message) for number in re.findall(r"\d+", named))
    known = [f"line {line} is row {rows[line - 1]}" for line in lines if 0 < line <= len(rows)]
    more = f" and {len(known) - _MOST} more" if len(known) > _MOST else ""
    return f"{message} ({', '.join(known[:_MOST])}{more})" if known else message
