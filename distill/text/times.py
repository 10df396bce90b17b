"""Times as rows and logs spell them → microseconds since 1970 in UTC.

    "2026-11-01T12:00:00Z"    "2026-11-01 12:00:00.123"    "2026-11-01"    1793534400    1793534400123    "1793534400123456789"

A time without a zone is UTC. Numbers are seconds, milli-, micro- or nanoseconds, whichever gives a year that a row can be of.
"""

from __future__ import annotations

from datetime import UTC, datetime

from distill.records import Json

SECOND = 1_000_000
_EARLIEST = int(datetime(2015, 1, 1, tzinfo=UTC).timestamp()) * SECOND
"""No log of a language model is older: such a time is a clock that was never set."""
_LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * SECOND
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
"""Units of a number in one second."""
TIMES = (
    "time", "timestamp", "@timestamp", "ts", "created_at", "createdAt", "start_time", "startTime", "started_at", "request_time", "logged_at",
    "datetime", "date", "created",
)  # fmt: skip
"""What the time of a row is called."""


def micros(value: Json) -> int | None:
    """Microseconds since 1970; None where there is no time, ValueError where what is there is none."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit()):
            return _spelt(value)
        value = int(value[:30])
    if isinstance(value, int | float):
        for unit in _UNITS:
            found = value * SECOND // unit if isinstance(value, int) else value * SECOND / unit
            if _EARLIEST <= found < _LATEST:
                return int(found)
    raise ValueError(f"{str(value)[:40]!r} is no time")


def _spelt(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no time") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    found = round(moment.timestamp() * SECOND) if moment.year > 1 else 0
    if not _EARLIEST <= found < _LATEST:
        raise ValueError(f"{text[:40]!r} is no time that a log can be of")
    return found


def iso(value: int) -> str:
    """The moment, to the second."""
    return datetime.fromtimestamp(value // SECOND, UTC).isoformat().replace("+00:00", "Z")
