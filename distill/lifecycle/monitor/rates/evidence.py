"""Evidence that a rate in production is above a bound: it grows with each look, and may be looked at after every row.

    bound = rate_bound(k=4, n=1000, level=0.0001)          what the run's own rows allow the rate to be
    evidence = after(Evidence(), day="2026-11-30", x=61, n=1000, bound=bound)
    evidence.log >= -log(level)                            alarm

A bet in n rows with x hits at the odds r times those of the bound multiplies its stake by the likelihood ratio, whose mean is at most 1
as long as no rate is above the bound, whatever the rates are and however they hang on what went before (a test supermartingale). A
stake is set anew each day, the k-th one of 30 / ((k + 29) (k + 30)), which add up to 1, spread evenly over the odds. So the sum of all
stakes has a mean of at most 1 at every moment, and by Ville's inequality it ever reaches 1 / level with a chance of at most `level`:
over all looks together. docs/decisions/monitor.md has the proof and what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

ODDS = (1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
"""Odds that are bet on, as multiples of the bound's."""
_NOTHING = (-700.0,) * len(ODDS)
"""The logarithms of no stake at all, as JSON can hold them."""
_FLAT = 30
"""So many days have stakes of about one size; later ones slowly fall."""


@dataclass(frozen=True, slots=True)
class SignalEvidence:
    """What all stakes have come to, by odds, as logarithms; `days` were staked on, the last of them `day` (ISO)."""

    days: int = 0
    day: str = ""
    stakes: Sequence[float] = _NOTHING

    @property
    def log(self) -> float:
        """The logarithm of their sum."""
        most = max(self.stakes)
        return most + math.log(math.fsum(math.exp(one - most) for one in self.stakes))


def rate_bound(k: int, n: int, level: float) -> float:
    """The rate that is not exceeded where k of n rows show it, but for a chance of `level` (Clopper and Pearson)."""
    from scipy.special import betaincinv

    if not 0 <= k <= n or n == 0:
        raise ValueError(f"expected 0 <= k <= n and n > 0; found {k} of {n}")
    return 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - level))


def after(evidence: SignalEvidence, *, day: str, x: int, n: int, bound: float) -> SignalEvidence:
    """The evidence after n more rows of a day, x of which are hits; how a day is cut into looks makes no difference."""
    staked = staked_on(evidence, day)
    if bound >= 1:  # nothing is above it
        return staked
    return replace(
        staked, stakes=tuple(old + _gain(x, n, bound, odds) for old, odds in zip(staked.stakes, ODDS, strict=True))
    )


def staked_on(evidence: SignalEvidence, day: str) -> SignalEvidence:
    """With the stake of a day, where it is later than all before."""
    if day <= evidence.day:
        return evidence
    days = evidence.days + 1
    stake = math.log(_FLAT / ((days + _FLAT - 1) * (days + _FLAT)) / len(ODDS))
    return SignalEvidence(days, day, tuple(_sum(old, stake) for old in evidence.stakes))


def hits_to_alarm(evidence: SignalEvidence, *, day: str, n: int, bound: float, level: float) -> int | None:
    """The fewest hits among n rows of a day that would be an alarm; None where not even n are."""
    low, high = 0, n + 1
    while low < high:
        middle = (low + high) // 2
        if after(evidence, day=day, x=middle, n=n, bound=bound).log >= -math.log(level):
            high = middle
        else:
            low = middle + 1
    return low if low <= n else None


def _gain(x: int, n: int, bound: float, odds: float) -> float:
    """The logarithm of the likelihood ratio of a rate at so many times the odds of the bound."""
    rest = math.log1p(bound * (odds - 1))
    return x * math.log(odds) - n * rest


def _sum(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    low, high = sorted((a, b))
    return high + math.log1p(math.exp(low - high))
