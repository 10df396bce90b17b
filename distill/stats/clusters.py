"""How many independent rows some rows are worth, where several come of one conversation or are near each other.

The variance of their mean is estimated by clusters, and its ratio to that of independent rows is the design effect; the rows are worth so
many less (Rao and Scott, Biometrics 48, 1992). Where hardly a row differs from the others, nothing is known of how alike the rows of a
cluster are: then they count as one row.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from functools import lru_cache

from distill.stats.score_interval import Z

Clusters = Sequence[Hashable]
"""Of each row the name of its cluster; rows of one name belong together."""


def independent_rows(values: Sequence[float], clusters: Clusters | None) -> float:
    """At most the number of rows, at least about the number of clusters."""
    n, sizes = len(values), Counter(clusters or range(len(values)))
    if len(sizes) == n:
        return float(n)
    worst = math.fsum(size * size for size in sizes.values()) / n
    mean, commonest = math.fsum(values) / n, Counter(values).most_common(1)[0][0]
    off: dict[Hashable, float] = defaultdict(float)
    differing: set[Hashable] = set()
    for value, name in zip(values, clusters or (), strict=True):
        off[name] += value - mean
        if value != commonest:
            differing.add(name)
    spread = math.fsum((value - mean) ** 2 for value in values)
    seen = math.fsum(one * one for one in off.values()) / spread if spread > 0 else worst
    seen *= len(sizes) / max(1, len(sizes) - 1)
    effect = (len(differing) * seen + worst) / (len(differing) + 1)
    return n / max(1.0, effect)


def quantile(rows: int, clusters: Clusters | None, z: float = Z) -> float:
    """`z`, or Student's with as many degrees of freedom as there are clusters less one."""
    count = len(set(clusters)) if clusters is not None else rows
    return z if count == rows else _student(z, max(1, count - 1))


@lru_cache(maxsize=64)
def _student(z: float, freedom: int) -> float:
    from scipy.special import ndtr, stdtrit  # as scipy.stats has them, whose import takes a second

    return float(-stdtrit(freedom, ndtr(-z)))
