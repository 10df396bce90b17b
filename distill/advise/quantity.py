"""A figure with its unit and where it comes from, so that every input of a sum is shown and none is guessed in silence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Source = Literal["measured in this run", "given", "default", "unknown"]
_Z = 1.959964  # two-sided 95 %


@dataclass(frozen=True, slots=True)
class Quantity:
    """One input or result. `low` and `high` are the ends of a 95 % interval over `n` rows, where there is one."""

    name: str
    value: float | None
    unit: str
    source: Source
    note: str = ""
    low: float | None = None
    high: float | None = None
    n: int | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends; the value itself twice where nothing was sampled, None where it is unknown."""
        if self.value is None:
            return None
        return (self.value if self.low is None else self.low, self.value if self.high is None else self.high)


def unknown(name: str, unit: str, note: str) -> Quantity:
    """What nobody knows; `note` says how to give it."""
    return Quantity(name, None, unit, "unknown", note)


def mean_of(name: str, values: Sequence[float], unit: str, note: str = "") -> Quantity:
    """The mean of measured values, with the interval of a normal mean; unknown where there are none."""
    n = len(values)
    if not n:
        return unknown(name, unit, note)
    mean = math.fsum(values) / n
    if n == 1:
        return Quantity(name, mean, unit, "measured in this run", note, n=1)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1) / n)
    low, high = max(0.0, mean - _Z * spread), mean + _Z * spread
    return Quantity(name, mean, unit, "measured in this run", note, low, high, n)
