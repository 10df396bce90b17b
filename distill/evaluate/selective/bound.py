"""Upper bounds on an error rate from a few rows: Clopper and Pearson (1934), exact for any number of rows.

    upper(0, 59)            0.0495   59 rows without an error: the rate is below 5 %, at 95 %
    least_rows(1, 0.05)     93       with one error it takes 93

A bound is one-sided: in at most 5 of 100 repetitions the rate lies above it.
"""

from __future__ import annotations

import math
from functools import lru_cache

CONFIDENCE = 0.95
_MOST_ROWS = 100_000
"""Beyond this, more rows are no advice."""


def upper(errors: int, rows: int, confidence: float = CONFIDENCE) -> float:
    """The highest error rate, a share, that `errors` of `rows` do not rule out; ValueError where they cannot be."""
    if not 0 <= errors <= rows or rows == 0:
        raise ValueError(f"expected 0 <= errors <= rows and rows > 0; found {errors} of {rows}")
    if errors == rows:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(errors + 1, rows - errors, confidence))


def lower(errors: int, rows: int, confidence: float = CONFIDENCE) -> float:
    """The lowest error rate that they do not rule out, one-sided too."""
    return 1 - upper(rows - errors, rows, confidence)


def within(errors: int, rows: int, risk: float) -> bool:
    """Whether so few errors show that the rate is at most `risk`."""
    return rows > 0 and upper(errors, rows) <= risk


@lru_cache(maxsize=4096)
def least_rows(errors: int, risk: float) -> int:
    """The fewest rows among which so many errors are few enough."""
    low, high = errors + 1, max(errors + 1, 64)
    while not within(errors, high, risk):
        low, high = high + 1, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if within(errors, middle, risk) else (middle + 1, high)
    return low


@lru_cache(maxsize=1024)
def rows_to_show(rate: float, risk: float) -> int | None:
    """Rows that would most likely show a rate below `risk`, if the true one is `rate`: their expected errors and one standard
    deviation more are few enough. None where no sensible number would.
    """
    if rate >= risk:
        return None
    rows = least_rows(0, risk)
    while rows <= _MOST_ROWS:
        if within(math.ceil(rate * rows + math.sqrt(rate * (1 - rate) * rows)), rows, risk):
            return rows
        rows = math.ceil(rows * 1.05)
    return None
