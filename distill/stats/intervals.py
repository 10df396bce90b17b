"""Means and paired differences with their 95 % intervals: score intervals, by clusters where rows belong together."""

from __future__ import annotations

import math
from collections.abc import Sequence

from distill.stats.clusters import Clusters, independent_rows, quantile
from distill.stats.estimate import Estimate
from distill.stats.score_interval import Z, score_interval


def mean_interval(values: Sequence[float], clusters: Clusters | None = None) -> Estimate:
    """Mean of scores in 0..1. Raises ValueError without values or outside 0..1."""
    if not values or not all(0 <= value <= 1 for value in values):
        raise ValueError(f"expected scores in 0..1, at least one; found {list(values)[:5]!r}")
    return _estimate(values, clusters, 0.0)


def paired_difference(
    a: Sequence[float], b: Sequence[float], clusters: Clusters | None = None, *, highest: float = 1.0
) -> Estimate:
    """Mean of a - b over the same rows in the same order; positive where `a` is better. `highest` is what a difference can be: 0 where `b`
    is 1 by definition.
    """
    return _estimate(_differences(a, b), clusters, -1.0, highest)


def p_worse(
    a: Sequence[float], b: Sequence[float], margin: float, clusters: Clusters | None = None, *, highest: float = 1.0
) -> float:
    """How likely a mean of a - b as low as this one, or lower, would be if `a` lost exactly `margin`: the score test, one-sided.

    1 where the mean is not below -margin.
    """
    differences = _differences(a, b)
    if math.fsum(differences) / len(differences) >= -margin or margin >= 1:
        return 1.0
    return _tail(differences, clusters, -margin, highest)


def proportion(k: int, n: int) -> Estimate:
    """Wilson's interval for k of n."""
    if not 0 <= k <= n or n == 0:
        raise ValueError(f"expected 0 <= k <= n and n > 0; found {k} of {n}")
    share, spread = k / n, Z**2 / n
    centre = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return Estimate(share, min(max(0.0, centre - half), share), max(min(1.0, centre + half), share), n)


def _differences(a: Sequence[float], b: Sequence[float]) -> list[float]:
    if len(a) != len(b) or not a:
        raise ValueError(f"expected two lists of one length; found {len(a)} and {len(b)} values")
    return [x - y for x, y in zip(a, b, strict=True)]


def _estimate(values: Sequence[float], clusters: Clusters | None, lowest: float, highest: float = 1.0) -> Estimate:
    rows, z = independent_rows(values, clusters), quantile(len(values), clusters)
    mean, low, high = score_interval(values, lowest, highest, rows=rows, z=z)
    return Estimate(mean, low, high, len(values))


def _tail(differences: Sequence[float], clusters: Clusters | None, limit: float, highest: float) -> float:
    """The smallest level at which the interval's upper end still reaches `limit`."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    rows = independent_rows(differences, clusters)

    def above(z: float) -> float:
        found = score_interval(differences, -1.0, highest, rows=rows, z=quantile(len(differences), clusters, z))
        return found[2] - limit

    most = 8.0
    if above(most) <= 0:
        return float(ndtr(-most))
    return float(ndtr(-brentq(above, 1e-3, most, xtol=1e-6)))
