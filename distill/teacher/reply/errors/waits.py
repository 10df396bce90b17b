"""How long an endpoint asks to be left alone: in its headers, in fields of an error, or in the words of its message."""

from __future__ import annotations

import email.utils
import math
import re
from collections.abc import Mapping
from datetime import UTC

from distill.teacher.reply.errors import languages
from distill.teacher.reply.errors.faults import ErrorDetails

LONGEST_WAIT_S = 3600.0
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_LONG = re.compile(
    r"(\d+(?:\.\d+)?)\s*(ms|milliseconds?|msecs?|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])"
)
_ASKED = re.compile(
    r"(?:try again|retry|wait|available(?: again)?|reset[s ]*)\s*(?:(?:after|in|for|at least|about|again)[\s:]*)*"
    r"((?:\d+(?:\.\d+)?\s*[a-z]+[,\s]*(?:and\s+)?){1,4}|\d+(?:\.\d+)?)"
)
_IS_LONG = re.compile(r"\s*(?:\d+(?:\.\d+)?\s*(?:ms|[smhd])\s*)+")
_ELSEWHERE = re.compile(languages.WAIT)
_SECONDS = ("retry_after", "retryAfter", "retry-after", "Retry-After", "retry_after_seconds", "retryAfterSeconds", "retry_after_s", "retryDelay",
            "retry_delay", "estimated_time", "wait_seconds")  # fmt: skip
_MS = ("retry_after_ms", "retryAfterMs", "retry-after-ms")


def in_headers(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds from `retry-after-ms` or `retry-after` (a number or an HTTP date); None if absent or absurd.

    Over an hour is taken as an hour: the run then says what it waits for instead of sleeping a week.
    """
    try:
        if (ms := headers.get("retry-after-ms")) is not None:
            seconds = float(ms) / 1000
        elif (given := headers.get("retry-after")) is not None:
            seconds = _given_s(given, now)
        else:
            return None
    except (ValueError, TypeError, OverflowError):
        return None
    return _bounded(seconds)


def in_body(fault: ErrorDetails) -> float | None:
    """Seconds from a field of an error ("retryDelay": "43s") or its words ("try again in 1m30s")."""
    for one in fault.objects:
        for names, unit in ((_SECONDS, 1.0), (_MS, 0.001)):
            for name in names:
                if (seconds := _field_s(one.get(name))) is not None:
                    return _bounded(seconds * unit)
    words = " - ".join(fault.words)
    found = _ASKED.search(words)
    if found is None:
        elsewhere = _ELSEWHERE.search(words)  # a minute, unless its beginning says seconds
        unit_s = 1.0 if elsewhere and elsewhere[2].startswith(languages.SECONDS) else 60.0
        return _bounded(float(elsewhere[1]) * unit_s) if elsewhere else None
    return _bounded(length_s(found[1]) or (float(found[1]) if _is_number(found[1]) else math.nan))


def length_s(text: str) -> float:
    """The seconds of "1m30s", "1 hour and 2 minutes", "250ms"; 0 where it is no length of time."""
    return math.fsum(float(number) * _UNITS[_unit(unit)] for number, unit in _LONG.findall(text.lower()))


def _unit(word: str) -> str:
    return "ms" if word.startswith(("ms", "milli")) else word[0]


def _field_s(value: object) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, dict):  # protobuf's duration, spelt out
        return _field_s(value.get("seconds"))
    if isinstance(value, str):
        text = value.strip()
        return (float(text) if _is_number(text) else length_s(text) or None) if len(text) < 40 else None
    return float(value) if isinstance(value, int | float) and abs(value) < 1e12 else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.strip().replace(".", "", 1).isdigit()


def _bounded(seconds: float) -> float | None:
    return min(max(seconds, 0.0), LONGEST_WAIT_S) if math.isfinite(seconds) else None


def _given_s(given: str, now: float) -> float:
    """A number of seconds, a length ("30s"), or a date."""
    if _is_number(given):
        return float(given)
    if _IS_LONG.fullmatch(given):
        return length_s(given)
    when = email.utils.parsedate_to_datetime(given)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now  # HTTP's dates are GMT, said or not
