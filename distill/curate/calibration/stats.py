"""What gates decide beside what people said of the same answers.

`kappa` (Cohen) is agreement beyond chance; where nearly all labels are one it is low for any judge, and `ac1` (Gwet) is not.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from distill.stats import Estimate, mean_interval, proportion

THRESHOLDS = [number / 4 for number in range(4, 21)]
"""Lowest scores that are tried: 1, 1.25, … 5."""
_HALF_WIDTH = 0.05
Ratings = tuple[bool, bool]
"""What two raters say of one answer."""


class LabelledDecision(NamedTuple):
    """People's label of one answer, and whether the gate kept it; None where it could not say."""

    stratum: str
    good: bool
    kept: bool | None
    cluster: str = ""
    """What it belongs to, such as the conversation that it is from; empty where it is alone."""


@dataclass(frozen=True, slots=True)
class StratumDrops:
    """Good answers of a stratum, and how many of them a gate drops."""

    stratum: str
    good: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement with people over `n` answers, and the drops and keeps that people would not have made."""

    n: int
    unscored: int
    agreement: Estimate | None
    kappa: float | None
    ac1: float | None
    good: int
    false_drops: int
    false_keeps: int
    false_drops_by_stratum: list[StratumDrops]


@dataclass(frozen=True, slots=True)
class Threshold:
    """What one lowest score would decide: the share of answers on which it agrees with people, and its mistakes."""

    at_least: float
    agreement: float
    false_drops: int
    false_keeps: int


def compare(decisions: Sequence[LabelledDecision]) -> Agreement:
    """Agreement with its 95 % interval; answers of which the gate could not say anything are `unscored`."""
    made = [(one.stratum, one.good, one.kept) for one in decisions if one.kept is not None]
    ratings = [(good, kept) for _, good, kept in made]
    false_drops = Counter(stratum for stratum, good, kept in made if good and not kept)
    good_ones = Counter(stratum for stratum, good, _ in made if good)
    together = clusters_of([one for one in decisions if one.kept is not None])
    return Agreement(
        n=len(made),
        unscored=len(decisions) - len(made),
        agreement=mean_interval([float(good == kept) for good, kept in ratings], together) if ratings else None,
        kappa=kappa(ratings),
        ac1=ac1(ratings),
        good=good_ones.total(),
        false_drops=false_drops.total(),
        false_keeps=sum(kept and not good for good, kept in ratings),
        false_drops_by_stratum=[StratumDrops(name, n, false_drops[name]) for name, n in sorted(good_ones.items())],
    )


def clusters_of(decisions: Sequence[LabelledDecision]) -> list[str]:
    """The cluster of each decision; one that is alone has a name of its own."""
    return [one.cluster or f"alone:{number}" for number, one in enumerate(decisions)]


def kappa(ratings: Sequence[Ratings]) -> float | None:
    """Cohen's kappa; None where chance alone explains all agreement."""
    if not ratings:
        return None
    n = len(ratings)
    first, second = sum(one for one, _ in ratings) / n, sum(two for _, two in ratings) / n
    chance = first * second + (1 - first) * (1 - second)
    return None if chance >= 1 else (_observed(ratings) - chance) / (1 - chance)


def ac1(ratings: Sequence[Ratings]) -> float | None:
    """Gwet's AC1 for two raters and two categories."""
    if not ratings:
        return None
    share = sum(one + two for one, two in ratings) / (2 * len(ratings))
    chance = 2 * share * (1 - share)
    return (_observed(ratings) - chance) / (1 - chance)


def _observed(ratings: Sequence[Ratings]) -> float:
    return sum(one == two for one, two in ratings) / len(ratings)


def sweep(scored: Sequence[tuple[bool, float]]) -> list[Threshold]:
    """What each of `THRESHOLDS` would decide, from (good, mean score)."""
    return [
        Threshold(
            at_least=limit,
            agreement=sum((mean >= limit) == good for good, mean in scored) / len(scored),
            false_drops=sum(good and mean < limit for good, mean in scored),
            false_keeps=sum(not good and mean >= limit for good, mean in scored),
        )
        for limit in (THRESHOLDS if scored else ())
    ]


def best(tried: Sequence[Threshold], now: float) -> Threshold | None:
    """The threshold that agrees best; of equal ones the nearest to that of now, then the stricter."""
    return min(tried, key=lambda one: (-one.agreement, abs(one.at_least - now), -one.at_least), default=None)


def rows_for(share: float) -> int:
    """Rows at which Wilson's interval around such a share is five points wide to either side at the most."""
    low, high = 1, 2 * math.ceil(0.25 * (1.96 / _HALF_WIDTH) ** 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _half_width(share, middle) <= _HALF_WIDTH else (middle + 1, high)
    return low


def wide(share: float, n: int) -> bool:
    """Whether the interval around the share of n rows is wider than that."""
    return _half_width(share, n) > _HALF_WIDTH


def _half_width(share: float, n: int) -> float:
    interval = proportion(round(share * n), n)
    return (interval.high - interval.low) / 2
