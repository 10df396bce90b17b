"""When a night must be over: `07:00` (the next one, by this machine's clock) or a time from now such as `8h`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST_S = 366 * 86400
_LAST = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def spelt(value: object) -> str:
    """A deadline as a text; YAML reads an unquoted `17:30` as the number 1050. ValueError where it is none."""
    if isinstance(value, int) and not isinstance(value, bool) and 60 <= value < 24 * 60:
        value = f"{value // 60:02}:{value % 60:02}"
    text = str(value).strip()
    last = _LAST.fullmatch(text)
    if not (_CLOCK.fullmatch(text) or last):
        raise ValueError("expected a time of day such as 07:00, or a length such as 90m, 8h or 1d")
    if last and float(last[1]) * _UNITS[last[2]] > _MOST_S:
        raise ValueError("expected a length of 366d at the most")
    return text


def moment(text: str, start: datetime) -> datetime:
    """The moment that a deadline means for a run that began at `start`, which has a time zone."""
    if last := _LAST.fullmatch(text):
        return start + timedelta(seconds=float(last[1]) * _UNITS[last[2]])
    hour, minute = map(int, text.split(":"))
    day = start.astimezone()
    then = day.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return then if then > day else then + timedelta(days=1)
