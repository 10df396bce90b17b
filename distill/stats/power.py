"""What test rows can tell, before any is asked: the share of equally good students that would be decided, and what would decide more.

`differing` is the share of rows on which a student that is as good as its teacher is right alone or wrong alone, both together. A loss of
`margin` is excluded where the 95 % interval of the difference lies above it.
"""

from __future__ import annotations

import math

from distill.stats.score_interval import Z

POWER = 0.8
"""Of the repetitions that a question should be decided in."""
Z_POWER = 0.841621


def required_rows(spread: float, distance: float) -> float:
    """Rows at which the interval most likely excludes a mean that lies `distance` away from the true one; `spread` is the standard
    deviation of a row. Even rows that all agree cannot exclude it with fewer than z² (1 / distance - 1).
    """
    if distance <= 0:
        return math.inf
    return ((Z * _spread_at(distance, spread**2) + Z_POWER * spread) / distance) ** 2


def fewest_rows(margin: float) -> int:
    """From how many rows on agreement on each of them excludes a loss of `margin`; with fewer, only a clear gain does."""
    return math.ceil(Z**2 * (1 / margin - 1)) if margin > 0 else 2**31


def decided_share(rows: int, margin: float, differing: float) -> float:
    """The share of equally good students that so many rows would decide."""
    short = margin * math.sqrt(rows) - Z * _spread_at(margin, differing)
    if differing <= 0:
        return float(short > 0)
    return _normal(short / math.sqrt(differing))


def decidable_margin(rows: int, differing: float) -> float:
    """The smallest loss that so many rows most likely exclude, to a tenth of a point."""
    return next(
        (step / 1000 for step in range(1, 1000) if required_rows(math.sqrt(differing), step / 1000) <= rows), 1.0
    )


def _spread_at(margin: float, differing: float) -> float:
    """The standard deviation that rows without a true difference show where a loss of `margin` is assumed: Tango's restricted estimate
    for paired proportions, of which half of `differing` are won. Even rows that never differ spread by margin * (1 - margin).
    """
    margin = min(margin, 1.0)
    b, c = 2 * margin - differing, differing / 2 * margin * (1 - margin)
    lost = (math.sqrt(b * b + 8 * c) - b) / 4
    return math.sqrt(2 * lost + margin * (1 - margin))


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))
