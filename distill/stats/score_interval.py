"""The score interval of the mean of values that lie between two limits.

It holds every mean that the values do not speak against: mu is in it where (mean - mu)² <= z² · variance(mu) / rows. The variance is the one
that the values have when they are reweighted, as little as the likelihood allows, until their mean is mu; a value at the limit that nobody saw
may get weight too. So it needs no draws, and it stays honest where all values agree: n equal rows cannot rule out z² / (n + z²) at the limit.

    values 0 and 1          it is Wilson's interval (1927)
    values -1, 0 and 1      it is Tango's for paired proportions (Statistics in Medicine 17, 1998)
    graded values           the same with the empirical likelihood in place of the multinomial (Owen, Empirical Likelihood, 2001)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Float64s = NDArray[np.float64]

Z = 1.959964
"""Two-sided 95 %."""
ALIKE = 1e-9
"""A value that is no further from the one before it is the same."""


def score_interval(
    values: Sequence[float], lowest: float, highest: float, *, rows: float | None = None, z: float = Z
) -> tuple[float, float, float]:
    """(mean, low, high) of values in lowest..highest; `rows` is how many independent ones they are worth, by default all."""
    import numpy as np

    # Values that differ by no more than a float's last digits are one value: else rounding errors would look like a spread.
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    starts = np.flatnonzero(np.diff(ordered, prepend=-np.inf) > ALIKE)
    counts: Float64s = np.diff(starts, append=len(ordered)).astype(np.float64)
    x: Float64s = (np.add.reduceat(ordered, starts) / counts).round(9)
    weight: Float64s = counts * ((rows or len(values)) / len(values))
    mean = math.fsum(values) / len(values)
    bottom, top = _limits(x, counts, lowest, highest)
    low = bottom + _distance(x - bottom, weight, z)
    high = top - _distance((top - x)[::-1], weight[::-1], z)
    return mean, min(low, mean), max(high, mean)


def _limits(x: Float64s, counts: Float64s, lowest: float, highest: float) -> tuple[float, float]:
    """How far values may lie that nobody saw: as far as the limits where all values agree, hardly further than the seen ones
    where many differ. Of k that differ from the median, the next one is the furthest with a chance of 1 in k + 1.
    """
    order, n = counts.cumsum(), counts.sum()
    median = float(x[order.searchsorted(n / 2)] + x[order.searchsorted(n / 2, side="right")]) / 2
    differ = float(counts[x != median].sum())
    furthest = max(float(x[-1]) - median, median - float(x[0]))
    bottom = median - (differ * furthest + (median - lowest)) / (differ + 1)
    top = median + (differ * furthest + (highest - median)) / (differ + 1)
    return min(max(bottom, lowest), float(x[0])), max(min(top, highest), float(x[-1]))


def _distance(y: Float64s, weight: Float64s, z: float) -> float:
    """How far the interval's end stays from a limit at 0; `y` are the values' distances from it, ascending.

    Weights for a mean nearer to the limit are weight / (a + y): the smaller a, the nearer. Where even a = 0 is not near enough, the
    limit itself gets weight, which leaves a quadratic equation.
    """
    from scipy.optimize import brentq

    rows = float(weight.sum())
    mean, k = float(weight @ y) / rows, z * z / rows
    if mean <= 0:
        return 0.0

    def apart(a: float) -> float:
        at, variance = _moments(weight / (a + y), y)
        return (mean - at) ** 2 - k * variance

    if y[0] > 0 and (len(y) == 1 or apart(0.0) <= 0):  # one value has no spread, but for its rounding
        at, variance = _moments(weight / y, y)
        b, c = 2 * mean * at + k * (variance + at * at), at * at * (1 + k)
        return at * (b - math.sqrt(max(0.0, b * b - 4 * c * mean * mean))) / (2 * c)
    near, far = math.log(1e-12 * float(y[-1])), math.log(1e6 * float(y[-1]))
    if y[0] <= 0 and apart(math.exp(near)) <= 0:
        return 0.0
    a = math.exp(brentq(lambda log: apart(math.exp(log)), near, far, xtol=1e-9))
    return _moments(weight / (a + y), y)[0]


def _moments(weight: Float64s, y: Float64s) -> tuple[float, float]:
    """Mean and variance. From the mean of the squares, nearly equal values would have a variance of rounding errors, even below 0."""
    total = float(weight.sum())
    mean = float(weight @ y) / total
    return mean, float(weight @ (y - mean) ** 2) / total
