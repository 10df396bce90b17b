"""Whether two plain values (texts, numbers, true and false, null) are the same under a rule.

By itself a number is compared in value, also with a text that spells it: "1,000", "9,99", "**42**". A text is compared after Unicode
form, case, blanks, the quotes, asterisks or brackets around it and the full stop at its end; one that is an amount with its unit as
that amount: "12kg" and "12.0 kg"; a date in ISO 8601 as the moment that it is. True is not 1, and two texts are texts: version 1.10 is
not version 1.1.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from distill.records import Json, canonical
from distill.similarity import decisive
from distill.similarity.decisive_words import BESIDE, DECIDES
from distill.text.normalise import normalise
from distill.values.answer import number
from distill.values.rules import Rule

_MARKS = "\"'`*_\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb "
_STOPS = ".!;,\u3002\uff0e\uff01"
_OPTION = re.compile(r"[(\[]?([^\W\d_])[)\].:]")
"""The letter of one of several choices: (a), a), [a]."""
_GROUPED = re.compile(r"([+-]?[1-9]\d{0,2}(?:([,' ])\d{3})(?:\2\d{3})*)(\.\d+)?")
_WITH_COMMA = re.compile(r"([+-]?(?:\d+|[1-9]\d{0,2}(?:[. ]\d{3})+)),(\d{1,2}|\d{4,})")
_AMOUNT = re.compile(r"[+-]?[^\w\s.,+-]?\s?\d[\d.,']*\s?(?:[ap]\.m|[^\W\d_]{1,12}|[%‰°]|°[cf]|[^\w\s.,])?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?")
_DAYS = ("%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d", "%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y")
"""How a day is written beside ISO 8601; where 3/4 may be March or April nothing is guessed."""
_FILLING = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b|(?<=[\w])[.,](?=\s)|\b(?:of|de|the)\b")
"""What stands in a day beside its numbers and its month."""


_LONGEST = 40


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
        return name(left) == name(right) or _one_amount(left, right) or _one_moment(left, right)
    if isinstance(left, bool) or isinstance(right, bool):
        return _yes(left) is _yes(right) is not None
    return _near(left, right, rule)


def name(value: Json) -> str:
    """What a text comes to: in one case and form, without what stands around it."""
    text = value if isinstance(value, str) else canonical(value)
    plain = normalise(text)
    bare = plain.strip(_MARKS).rstrip(_STOPS).strip(_MARKS)
    option = _OPTION.fullmatch(bare)
    return option[1] if option else bare or plain


def number_of(value: Json) -> int | float | None:
    """A number, also in the spellings that people use; of 1.000 and 1,000 the point is the decimal one."""
    found = number(value)
    if found is not None or not isinstance(value, str):
        return found
    text = name(value)
    if (found := number(text)) is not None:
        return found
    if grouped := _GROUPED.fullmatch(text):
        return number(grouped[1].replace(grouped[2], "") + (grouped[3] or ""))
    comma = _WITH_COMMA.fullmatch(text)
    return number(f"{re.sub('[. ]', '', comma[1])}.{comma[2]}") if comma else None


def _one_amount(left: str, right: str) -> bool:
    """Whether two texts are one amount with its unit or currency."""
    return (one := _amount(left)) is not None and one == _amount(right)


def _amount(text: str) -> str | None:
    plain = name(text)
    marks = decisive.marks(plain) if len(plain) <= _LONGEST and _AMOUNT.fullmatch(plain) else ()
    return marks[0] if len(marks) == 1 and " " in marks[0] else None


def _near(left: Json, right: Json, rule: Rule) -> bool:
    one, other = number_of(left), number_of(right)
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


def _one_moment(left: str, right: str) -> bool:
    """Whether two texts that look like dates are one moment; a day is its first."""
    if not (_ISO.fullmatch(left) and _ISO.fullmatch(right)):
        return False
    one, other = _when(left, day=False), _when(right, day=False)
    return isinstance(one, datetime) and one == other


def _when(value: Json, *, day: bool) -> date | str:
    """The day or the moment that a text names; any other value as what it comes to."""
    text = value.strip() if isinstance(value, str) else ""
    spelt = _in_english(text) if text[:_LONGEST] == text else ""
    moment = _iso(text) or next((found for form in _DAYS if (found := _parsed(spelt, form))), None)
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


def _in_english(day: str) -> str:
    """A day without what is only filling, its month by its English name."""
    words = _FILLING.sub("", normalise(day)).split()
    return " ".join(DECIDES.get(word) or BESIDE.get(word) or word for word in words)


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
