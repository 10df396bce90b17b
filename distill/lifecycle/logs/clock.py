"""Times of logs, in whatever spelling → microseconds since 1970 in UTC; and what is odd about their order.

    "2026-11-01T12:00:00Z"    "2026-11-01 12:00:00.123"    1793534400    1793534400123    "1793534400123456789"

A time without a zone is UTC. Numbers are seconds, milli-, micro- or nanoseconds, whichever gives a year that logs can be of.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from distill.records import Json

_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_EARLIEST = int(datetime(2015, 1, 1, tzinfo=UTC).timestamp()) * _SECOND
"""No log of a language model is older: such a time is a clock that was never set."""
_LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * _SECOND
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
"""Units of a number in one second."""
AHEAD = 5 * 60 * _SECOND
"""So far may clocks of two machines differ."""


def micros(value: Json) -> int | None:
    """Microseconds since 1970; None where there is no time, ValueError where what is there is none."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not value.isdigit():
            return _spelt(value)
        value = int(value[:30])
    if isinstance(value, int | float):
        for unit in _UNITS:
            found = value * _SECOND // unit if isinstance(value, int) else value * _SECOND / unit
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
    found = round(moment.timestamp() * _SECOND) if moment.year > 1 else 0
    if not _EARLIEST <= found < _LATEST:
        raise ValueError(f"{text[:40]!r} is no time that a log can be of")
    return found


@dataclass(slots=True)
class Clock:
    """What the times of all calls look like; nothing is left out for its time."""

    now: int | None = None
    """Microseconds; a later time is in the future. None: nothing is."""
    absent: int = 0
    unreadable: int = 0
    future: int = 0
    back: int = 0
    """Calls more than an hour before one that stands above them in the same file."""
    first: int | None = None
    last: int | None = None
    _latest: int = 0

    def file(self) -> None:
        """A file begins: its order has nothing to do with that of the one before."""
        self._latest = 0

    def seen(self, value: Json) -> int | None:
        """The time of a call, counted."""
        try:
            found = micros(value)
        except (ValueError, OverflowError):
            self.unreadable += 1
            return None
        if found is None:
            self.absent += 1
            return None
        if self.now is not None and found > self.now + AHEAD:
            self.future += 1
            return found
        if found < self._latest - _HOUR:
            self.back += 1
        self._latest = max(self._latest, found)
        self.first = found if self.first is None else min(self.first, found)
        self.last = found if self.last is None else max(self.last, found)
        return found

    def plain(self) -> dict[str, Json]:
        """For JSON."""
        return {
            "absent": self.absent, "unreadable": self.unreadable, "future": self.future, "back": self.back,
            "first": _iso(self.first), "last": _iso(self.last),
        }  # fmt: skip

    def sentences(self, calls: int) -> list[str]:
        """What a person should know of the times."""
        said = (
            (self.absent, "no time"),
            (self.unreadable, "a time that cannot be read, and count as without one"),
            (self.future, "a time in the future: a clock is ahead"),
            (self.back, "a time more than an hour before a call above it in the same file: a clock was set back, or the file is no log in order"),
        )  # fmt: skip
        return [f"{count:,} of {calls:,} calls have {what}" for count, what in said if count]


def _iso(value: int | None) -> str | None:
    return None if value is None else datetime.fromtimestamp(value / _SECOND, UTC).isoformat()
