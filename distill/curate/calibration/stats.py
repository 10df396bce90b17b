"""What gates decide beside what people said of the same answers.

A row is (stratum, good, passed): people's label, and whether the gate let the answer pass, None where it could not say.
`kappa` (Cohen) is agreement beyond chance; where nearly all labels are one it is low for any judge, and `ac1` (Gwet) is not.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from distill.stats import proportion

Row = tuple[str, bool, bool | None]
Pair = tuple[bool, bool]
MARKS = [number / 4 for number in range(4, 21)]
"""Thresholds that are tried: 1, 1.25, … 5."""
_HALF = 0.05


def compare(rows: Sequence[Row]) -> dict[str, Any]:
    """Agreement with its 95 % interval, drops and keeps that people would not have made, and the drops by stratum."""
    said = [(stratum, good, passed) for stratum, good, passed in rows if passed is not None]
    pairs = [(good, passed) for _, good, passed in said]
    false_drops = Counter(stratum for stratum, good, passed in said if good and not passed)
    good_ones = Counter(stratum for stratum, good, _ in said if good)
    return {
        "n": len(said),
        "unscored": len(rows) - len(said),
        "agreement": asdict(proportion(sum(good == passed for good, passed in pairs), len(pairs))) if pairs else None,
        "kappa": kappa(pairs),
        "ac1": ac1(pairs),
        "good": sum(good for good, _ in pairs),
        "false_drops": sum(false_drops.values()),
        "false_keeps": sum(passed and not good for good, passed in pairs),
        "false_drops_by_stratum": [
            {"stratum": stratum, "good": count, "dropped": false_drops[stratum]}
            for stratum, count in sorted(good_ones.items())
        ],
    }


def kappa(pairs: Sequence[Pair]) -> float | None:
    """Cohen's kappa; None where one of the two always says the same as the other by chance alone."""
    if not pairs:
        return None
    n = len(pairs)
    first, second = sum(one for one, _ in pairs) / n, sum(two for _, two in pairs) / n
    chance = first * second + (1 - first) * (1 - second)
    return None if chance >= 1 else (_observed(pairs) - chance) / (1 - chance)


def ac1(pairs: Sequence[Pair]) -> float | None:
    """Gwet's AC1 for two raters and two categories."""
    if not pairs:
        return None
    share = sum(one + two for one, two in pairs) / (2 * len(pairs))
    chance = 2 * share * (1 - share)
    return (_observed(pairs) - chance) / (1 - chance)


def _observed(pairs: Sequence[Pair]) -> float:
    return sum(one == two for one, two in pairs) / len(pairs)


def sweep(scored: Sequence[tuple[bool, float]]) -> list[dict[str, Any]]:
    """For each threshold of `MARKS` what it would decide, from (good, mean score)."""
    return [
        {
            "at_least": mark,
            "agreement": sum((mean >= mark) == good for good, mean in scored) / len(scored),
            "false_drops": sum(good and mean < mark for good, mean in scored),
            "false_keeps": sum(not good and mean >= mark for good, mean in scored),
        }
        for mark in (MARKS if scored else ())
    ]


def best(swept: Sequence[dict[str, Any]], now: float) -> dict[str, Any] | None:
    """The threshold that agrees best; of equal ones the nearest to that of now, then the stricter."""
    return min(swept, key=lambda row: (-row["agreement"], abs(row["at_least"] - now), -row["at_least"]), default=None)


def rows_for(share: float) -> int:
    """Rows at which Wilson's interval around such a share is five points wide to either side at the most."""
    low, high = 1, 2 * math.ceil(0.25 * (1.96 / _HALF) ** 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _half(share, middle) <= _HALF else (middle + 1, high)
    return low


def wide(share: float, n: int) -> bool:
    """Whether the interval around the share of n rows is wider than that."""
    return _half(share, n) > _HALF


def _half(share: float, n: int) -> float:
    found = proportion(round(share * n), n)
    return (found.high - found.low) / 2
