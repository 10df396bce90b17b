"""Whether two plain values (texts, numbers, true and false, null) are the same under a rule.

By itself a number is compared in value, also with a text that spells it; a text after Unicode form, case, blanks, the quotes or
asterisks around it and the full stop at its end, a date in ISO 8601 as the moment that it is. True is not 1, and two texts are texts: version 1.10 is not version 1.1.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from distill.answer_value import number
from distill.records import Json, canonical
from distill.text import normalise
from distill.value_rules import Rule

_MARKS = "\"'`*_\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb "
_STOPS = ".!;,\u3002\uff0e\uff01"
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?")
_DAYS = (
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d %B %Y",
    "%d. %B %Y",
    "%d %b %Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%B %d %Y",
)
"""How a day is written beside ISO 8601; where 3/4 may be March or April nothing is guessed."""


def same(left: Json, right: Json, rule: Rule) -> bool:
    """Whether the values are the same; lists and objects only where they are spelt alike."""
    if rule.kind == "exact":
        return canonical(left) == canonical(right)
    if rule.kind == "text":
        return name(left) == name(right)
    if rule.within or rule.kind == "number":
        return _near(left, right, rule)
    if rule.kind in ("date", "time"):
        return _when(left, day=rule.kind == "date") == _when(right, day=rule.kind == "date")
    if isinstance(left, str) and isinstance(right, str):
        return name(left) == name(right) or bool(
            _ISO.fullmatch(left) and _ISO.fullmatch(right) and _moment(left, right)
        )
    if isinstance(left, bool) or isinstance(right, bool):
        return _yes(left) is _yes(right) is not None
    return _near(left, right, rule)


def name(value: Json) -> str:
    """What a text comes to: in one case and form, without what stands around it."""
    text = value if isinstance(value, str) else canonical(value)
    plain = normalise(text)
    bare = plain.strip(_MARKS).rstrip(_STOPS).strip(_MARKS)
    return bare or plain


def _near(left: Json, right: Json, rule: Rule) -> bool:
    one, other = number(left), number(right)
    if one is None or other is None:
        return one is None and other is None and name(left) == name(right)
    if isinstance(one, int) and isinstance(other, int) and not rule.within:
        return one == other
    apart, room = abs(one - other), rule.within * (max(abs(one), abs(other)) if rule.share else 1)
    return apart <= room + 1e-9 * max(abs(one), abs(other), room)


def _yes(value: Json) -> bool | None:
    """True or false, also in letters."""
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "false": False, "no": False}
    return words.get(name(value)) if isinstance(value, str) else None


def _moment(left: str, right: str) -> bool:
    """Whether two texts that look like dates are one moment; a day is its first."""
    one, other = _when(left, day=False), _when(right, day=False)
    return isinstance(one, datetime) and one == other


def _when(value: Json, *, day: bool) -> date | str:
    """The day or the moment that a text names; any other value as what it comes to."""
    text = value.strip() if isinstance(value, str) else ""
    moment = _iso(text) or next((found for form in _DAYS if (found := _parsed(text, form))), None)
    if moment is None:
        return name(value)
    if day:
        return moment.date()
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment
    except OverflowError:  # the first or the last day of the calendar, in another zone
        return name(value)


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if len(text) >= len("2026-1-1") else None
    except ValueError:
        return None


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
