"""Means and differences with their 95 % intervals, and how many rows would settle a question.

Values are scores in 0..1, one a row. Intervals are bootstrapped (BCa, fixed seed), Wilson's where every value
is 0 or 1. Where all values are equal the bootstrap would claim certainty; there the interval is as wide as
what n rows cannot rule out (1 - 0.025^(1/n), the "rule of three"). Below `FEW` rows an estimate is `small`.

    proportion(45, 50)                      Wilson: mean 0.9, low 0.786, high 0.957
    paired_difference(student, teacher)     BCa bootstrap of the differences, row by row
    rows_needed(differences, margin=0.02)   rows at which 95 % intervals would most likely decide
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

FEW = 20
_TAIL = 0.025
_Z = 1.959964  # two-sided 95 %
_Z_POWER = 0.841621  # and found in four of five repetitions
_MOST_ROWS = 100_000  # beyond this, "collect more rows" is no advice


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `n` rows and the 95 % interval around it."""

    mean: float
    low: float
    high: float
    n: int
    small: bool = field(init=False)
    """Too few rows to say anything with."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "small", self.n < FEW)


def mean_interval(values: Sequence[float]) -> Estimate:
    """Mean of scores in 0..1. Raises ValueError without values or outside 0..1."""
    if not values or not all(0 <= value <= 1 for value in values):
        raise ValueError(f"expected scores in 0..1, at least one; found {list(values)[:5]!r}")
    if all(value in (0, 1) for value in values):
        return proportion(round(sum(values)), len(values))
    return _bootstrapped(values, floor=0.0)


def paired_difference(a: Sequence[float], b: Sequence[float]) -> Estimate:
    """Mean of a - b over the same rows in the same order; positive where `a` is better."""
    if len(a) != len(b) or not a:
        raise ValueError(f"expected two lists of one length; found {len(a)} and {len(b)} values")
    return _bootstrapped([x - y for x, y in zip(a, b, strict=True)], floor=-1.0)


def proportion(k: int, n: int) -> Estimate:
    """Wilson's interval for k of n."""
    if not 0 <= k <= n or n == 0:
        raise ValueError(f"expected 0 <= k <= n and n > 0; found {k} of {n}")
    share, spread = k / n, _Z**2 / n
    centre = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return Estimate(share, min(max(0.0, centre - half), share), max(min(1.0, centre + half), share), n)


def rows_needed(differences: Sequence[float], margin: float) -> int | None:
    """Rows at which a 95 % interval would most likely lie on one side of -margin; None where none would do.

    Assumes that the mean and the spread stay as they are in `differences`, and a power of 80 %.
    """
    n = len(differences)
    if n < 2:
        return None
    mean = math.fsum(differences) / n
    distance = abs(mean + margin)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in differences) / (n - 1))
    if distance < 1e-9:
        return None
    if spread < 1e-9:
        needed = math.log(_TAIL) / math.log1p(-min(distance, 0.99))
    else:
        needed = ((_Z + _Z_POWER) * spread / distance) ** 2
    return max(FEW, math.ceil(needed)) if needed <= _MOST_ROWS else None


def _bootstrapped(values: Sequence[float], *, floor: float) -> Estimate:
    n = len(values)
    ordered = sorted(values)  # so that the order of arrival does not move the interval
    mean = math.fsum(ordered) / n
    if ordered[-1] - ordered[0] < 1e-12:
        unseen = 1 - _TAIL ** (1 / n)
        return Estimate(mean, max(floor, mean - unseen), min(1.0, mean + unseen), n)
    low, high = _resampled(ordered, "BCa" if n <= 2000 else "percentile")
    return Estimate(mean, min(low, mean), max(high, mean), n)


def _resampled(values: Sequence[float], method: str) -> tuple[float, float]:
    import numpy as np
    from scipy.stats import bootstrap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns of degenerate data, which the finite check below sees
        found = bootstrap(
            (np.asarray(values),), np.mean, method=method, batch=max(1, 4_000_000 // len(values)), rng=0
        ).confidence_interval
    low, high = float(found.low), float(found.high)
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    return _resampled(values, "percentile")
