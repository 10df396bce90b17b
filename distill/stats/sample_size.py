"""How many rows would decide an open question, as a range that holds in repetitions.

The rows that are there tell how much single rows differ, which is known to some tenths; how far the true mean lies from the limit they
cannot tell, or the question would not be open. So the range is of a mean that is named: no difference at all, where the rows allow that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from distill.stats.clusters import Clusters, independent_rows
from distill.stats.estimate import FEW
from distill.stats.power import required_rows
from distill.stats.score_interval import score_interval

_Z_RANGE = 1.644854  # two-sided 90 %
_MOST_ROWS = 20_000  # beyond this, "collect more rows" is no advice


@dataclass(frozen=True, slots=True)
class RowsRange:
    """Rows that would most likely decide a question, in four of five repetitions."""

    low: int
    high: int | None
    """None where the true mean may lie so near the limit that no number is enough."""
    if_equal: bool
    """The range is for two that are in truth equally good; else for whatever mean the rows allow."""


def rows_needed(differences: Sequence[float], margin: float, clusters: Clusters | None = None) -> RowsRange | None:
    """Rows at which the 95 % interval of the mean would most likely lie on one side of -margin; None where no sensible number would do.

    Nine of ten such ranges hold the number that the true spread makes of it.
    """
    n = len(differences)
    if n < 2:
        return None
    rows = independent_rows(differences, clusters)
    _, low, high = score_interval(differences, -1.0, 1.0, rows=rows, z=_Z_RANGE)
    if margin > 0 and low <= 0 <= high:
        near = far = margin
    else:
        near, far = (0.0, max(high + margin, -margin - low)) if low <= -margin <= high else _sorted(low, high, margin)
    narrow, wide = _spreads(differences, rows)
    worth = n / rows  # so many rows stand for one that is independent
    least, most = worth * required_rows(narrow, far), worth * required_rows(wide, near)
    if least > _MOST_ROWS:
        return None
    return RowsRange(
        max(FEW, math.ceil(least)), max(FEW, math.ceil(most)) if most <= _MOST_ROWS else None, if_equal=near == far
    )


def _sorted(low: float, high: float, margin: float) -> tuple[float, float]:
    ends = sorted((abs(low + margin), abs(high + margin)))
    return ends[0], ends[1]


def _spreads(differences: Sequence[float], rows: float) -> tuple[float, float]:
    """The least and the largest standard deviation that the rows allow, 90 %."""
    mean = math.fsum(differences) / len(differences)
    _, low, high = score_interval([(one - mean) ** 2 for one in differences], 0.0, 4.0, rows=rows, z=_Z_RANGE)
    return math.sqrt(low), math.sqrt(high)
