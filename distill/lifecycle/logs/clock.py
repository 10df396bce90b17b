"""The times of logged calls: each as microseconds since 1970 in UTC, and what is odd about their order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from distill.records import Json
from distill.text.times import SECOND, micros

_HOUR = 3600 * SECOND
AHEAD = 5 * 60 * SECOND
"""So far may clocks of two machines differ."""


@dataclass(slots=True)
class LogClock:
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
    return None if value is None else datetime.fromtimestamp(value / SECOND, UTC).isoformat()
