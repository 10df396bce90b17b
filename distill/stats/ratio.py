"""The ratio of two means, such as a student's agreement as a share of the teacher's with itself."""

from __future__ import annotations

import math

from distill.stats.estimate import Estimate


def ratio(a: Estimate, b: Estimate) -> Estimate | None:
    """a / b with its interval, from the intervals of the two (MOVER-R: Donner and Zou, Statistical Methods in Medical Research 21, 2012).

    They count as independent, which is too wide where they are of the same rows. None where b may be 0. The rows are the fewer of both.
    """
    if b.low <= 0:
        return None
    low = _edge(a.mean, b.mean, a.low, b.high, -1)
    high = _edge(a.mean, b.mean, a.high, b.low, 1)
    middle = a.mean / b.mean
    return Estimate(middle, max(0.0, min(low, middle)), max(high, middle), min(a.n, b.n))


def _edge(a: float, b: float, end: float, other: float, sign: int) -> float:
    """One end: `end` is the end of a's interval on the same side, `other` that of b's on the far side."""
    product, under = a * b, other * (2 * b - other)
    root = math.sqrt(max(0.0, product**2 - end * (2 * a - end) * under))
    return (product + sign * root) / under if under > 0 else (math.inf if sign > 0 else 0.0)
