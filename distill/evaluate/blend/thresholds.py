"""The thresholds that are tried: the run's own, and those that keep a share of the calibration rows. None of them saw a test row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distill.text.percentages import percent

SHARES = (1.0, 0.9, 0.75, 0.5, 0.25)


@dataclass(frozen=True, slots=True)
class TriedThreshold:
    """The student's answer is taken where its confidence is above `confidence`."""

    confidence: float
    set_by: str


def of_share(sure: Sequence[float], share: float) -> float:
    """The confidence above which at most so large a share of the calibration rows lies; 1 where that is none. Equally sure rows stay together."""
    ordered = sorted(sure, reverse=True)
    count = round(share * len(ordered))
    if count == 0:
        return 1.0
    return ordered[count] if count < len(ordered) else 0.0


def tried(sure: Sequence[float], own: TriedThreshold | None, shares: Sequence[float] = SHARES) -> list[TriedThreshold]:
    """From the one that keeps most on; the run's own stays where another is the same. `sure` are the calibration rows' confidences."""
    found = [TriedThreshold(of_share(sure, share), _named(share)) for share in shares]
    every = [*([own] if own else []), *found]
    once = {one.confidence: one for one in reversed(every)}
    return sorted(once.values(), key=lambda one: one.confidence)


def _named(share: float) -> str:
    return "whatever its confidence" if share == 1 else f"the surest {percent(share, 0)}"
