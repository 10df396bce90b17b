"""Rows over strata: as many as the weights say, between what each holds already and what it has room for.

One level is raised, like water, until the amount is used up: a stratum gets `level × weight`, never less than it holds
and never more than its room allows. Equal weights so fill the lowest strata first; weights like the strata's own sizes
give each its natural share. What is left of the fractions goes to the largest remainders, of equal ones to the first
by name. The amount costs nothing: the work is that of sorting the strata.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np

RowCounts = dict[str, int]


def apportion(
    amount: int, *, held: Mapping[str, int], room: Mapping[str, int], weights: Mapping[str, float]
) -> RowCounts:
    """Name → rows after `amount` more were given out, for every name with room."""
    names = sorted(name for name, space in room.items() if space > 0)
    amount = min(amount, sum(room[name] for name in names))
    if amount <= 0:
        return {name: held[name] for name in names}
    low = np.array([held[name] for name in names], np.float64)
    high = low + [room[name] for name in names]
    weight = np.array([weights[name] for name in names], np.float64)
    target = math.fsum(low) + amount
    top = _reached(low / weight, high / weight, weight, target)
    rising = (low / weight < top) & (high / weight >= top)
    fixed = np.where(high / weight < top, high, low)[~rising]
    level = (target - math.fsum(fixed)) / math.fsum(weight[rising])
    exact = np.where(rising, np.clip(level * weight, low, high), np.where(high / weight < top, high, low))
    # A sum that is a whole number but for the last digit of a float counts as whole.
    whole = np.floor(exact + 1e-9)
    left = round(target - math.fsum(whole))
    rest = sorted((-round(float(exact[i] - whole[i]), 9), i) for i in range(len(names)) if whole[i] < high[i])
    for _, i in rest[:left]:
        whole[i] += 1
    return {name: int(rows) for name, rows in zip(names, whole, strict=True)}


def _reached(starts: np.ndarray, ends: np.ndarray, weight: np.ndarray, target: float) -> float:
    """The first level, of those at which a stratum begins or ceases to rise, where the sum has reached `target`."""
    levels = np.concatenate([starts, ends])
    order = np.argsort(levels, kind="stable")
    levels, slopes = levels[order], np.cumsum(np.concatenate([weight, -weight])[order])
    sums = (starts * weight).sum() + np.concatenate([[0.0], np.cumsum(slopes[:-1] * np.diff(levels))])
    return float(levels[min(int(np.searchsorted(sums, target - 1e-6)), len(levels) - 1)])


def within(
    amount: int,
    *,
    held: Mapping[str, int],
    room: Mapping[str, int],
    weights: Mapping[str, float],
    groups: Sequence[tuple[Collection[str], int]],
) -> RowCounts:
    """As `apportion`, with room for only so many more rows in each of the groups, which have no stratum in common.

    A group that would get more than it may is given just that, and the others share what it leaves.
    """
    open_room, result, shut = dict(room), dict[str, int](), list(groups)
    while True:
        trial = apportion(amount, held=held, room=open_room, weights=weights)
        full = [group for group in shut if sum(trial.get(n, held[n]) - held[n] for n in group[0]) > group[1]]
        if not full:
            return result | trial
        for names, most in full:
            own = {name: open_room.pop(name) for name in names if name in open_room}
            part = apportion(most, held=held, room=own, weights=weights)
            result |= part
            amount -= sum(part[name] - held[name] for name in part)
        shut = [group for group in shut if group not in full]


def largest_remainder(total: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers for `shares` of `total`: each within one of its share, all together their rounded sum."""
    exact = [share * total for share in shares]
    whole = [math.floor(value + 1e-9) for value in exact]
    left = min(total, round(math.fsum(exact))) - sum(whole)
    order = sorted(range(len(exact)), key=lambda i: (-round(exact[i] - whole[i], 9), i))
    for i in order[: max(0, left)]:
        whole[i] += 1
    return whole
