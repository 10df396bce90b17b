"""Shares as people read them: in percent, and in points with their sign."""

from __future__ import annotations


def percent(share: float, digits: int = 1) -> str:
    """0.6667 → "66.7 %"."""
    return f"{share * 100:.{digits}f} %"


def signed(share: float) -> str:
    """Points with their sign: 0.034 → "+3.4"; a true minus sign, and zero has none."""
    value = round(share * 100, 1)
    return f"{value:+.1f}".replace("-", "\u2212") if value else "0.0"


def points(share: float) -> str:
    """0.02 → "2 points"."""
    value = f"{share * 100:.1f}".removesuffix(".0")
    return f"{value} point{'' if value == '1' else 's'}"
