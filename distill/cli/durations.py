"""How long something takes, as people say it."""

from __future__ import annotations

SHORT_S = 50.0
"""What is less than a minute, and not worth being told again and again."""


def duration(seconds: float | None) -> str:
    """`45 s`, `3 min 20 s`, `2 h 05 min`; `-` where it is not known."""
    if seconds is None:
        return "-"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def about(seconds: float) -> str:
    """The same where it is an estimate over several stages: `about 7 minutes`."""
    minutes = round(seconds / 60)
    if seconds < SHORT_S:
        return "less than a minute"
    if minutes < 60:
        return f"about {minutes} minute{'s' if minutes != 1 else ''}"
    return f"about {minutes // 60} h {minutes % 60:02d} min"


def between(low: float | None, high: float | None) -> str:
    """An estimate by its ends: `about 7 to 28 minutes`."""
    if low is None or high is None:
        return "an unknown time"
    return about(low) if about(low) == about(high) else f"{about(low)} to {about(high).removeprefix('about ')}"
