"""A mean with its interval."""

from __future__ import annotations

from dataclasses import dataclass, field

FEW = 20


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
