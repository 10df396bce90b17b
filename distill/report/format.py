"""Numbers and texts as the report shows them; what is no number is a dash."""

from __future__ import annotations

import json
from typing import TypeGuard

from distill.text import percentages

_DASH = "\u2013"


def is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value  # noqa: PLR0124 - NaN


def percent(share: object, digits: int = 1) -> str:
    return percentages.percent(share, digits) if is_number(share) else _DASH


def signed(share: object) -> str:
    return percentages.signed(share) if is_number(share) else _DASH


def points(share: object) -> str:
    """0.02 → "2 points"."""
    return percentages.points(share) if is_number(share) else _DASH


def count(value: object) -> str:
    return f"{value:,.0f}" if is_number(value) else _DASH


def plain(value: object) -> str:
    """A number as short as it is: 60.0 → "60", 0.6 → "0.6", 41.42 → "41.4"."""
    return count(value) if not is_number(value) or abs(value) >= 100 else f"{value:.3g}"


def usd(value: object) -> str:
    """Dollars with as many digits as they need: 0 → "$0", 0.00042 → "$0.00042", 12.3 → "$12.30"."""
    if value is None:
        return "unknown"
    if not is_number(value):
        return _DASH
    if value == 0:
        return "$0"
    if value < 0:
        return f"\u2212{usd(-value)}"
    return f"${value:,.2f}" if abs(value) >= 1 else f"${value:.2g}" if abs(value) >= 0.0001 else f"${value:.1e}"


def seconds(value: object) -> str:
    if not is_number(value):
        return _DASH
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def heat(part: float | None, whole: float | None) -> int:
    """How dark a cell is, 0 to 5: 0 for nothing, 5 from a half on."""
    return min(5, 1 + int(part / whole * 8)) if part and whole else 0


def level(share: float) -> int:
    """A score's step of colour, 0 for below a sixth to 5."""
    return min(5, max(0, int(share * 6)))


def shown(value: object) -> str:
    """A text as it is, anything else as indented JSON; a text that is a JSON object is indented too."""
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return value
        if not isinstance(parsed, dict):
            return value
        value = parsed
    return json.dumps(value, indent=2, ensure_ascii=False)
