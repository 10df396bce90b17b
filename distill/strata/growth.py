"""Where the next run gets more rows: strata in which the last student clearly misses more than in the others.

A loss is what the student lost on one test row, from 0 to 1. A stratum is a target where the low end of the 95 % interval of its mean
loss lies above the mean loss of the test rows of no target: one of two rows missed is no target, and where all strata lose alike none is. The
weight of a target is its clear excess, (low end - mean of the others) × its test rows. Only counts and shares by stratum are used: no
text of a test row.

Inputs that were harvested in production are wanted for themselves: each stratum gets as many rows more as it has of them. What is left
of the rows goes to the targets by their weights, and no target gets more than it has already.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from distill.stats import Estimate, mean_interval
from distill.strata.apportion import apportion
from distill.strata.quotas import EdgeCase

LEAST = 5
"""Test rows of a stratum from which it may be a target."""
_UNIT = 1e-6


@dataclass(frozen=True, slots=True)
class GrownStratum:
    """A stratum that gets `more` rows than the `had` that the dataset had of it when it was first grown."""

    stratum: str
    labels: dict[str, str]
    had: int
    more: int
    new: int = 0
    """Of `more`, those that this refresh adds."""
    lost: Estimate | None = None
    """The student's mean loss on its test rows, where that is why."""
    others: float | None = None
    """The mean loss on the test rows of no target."""
    harvested: int = 0
    """Inputs of production among the new rows."""


@dataclass(frozen=True, slots=True)
class StrataGrowth:
    """What a run grows, by the misses of an earlier `run`; strata that grew before and lose no more than others stay as they are."""

    run: str
    metric: str
    strata: list[GrownStratum] = field(default_factory=list)
    harvested: list[str] = field(default_factory=list)
    """The files of harvested inputs, whose rows come first."""

    @property
    def more(self) -> int:
        """Rows beyond what the dataset would have without growing."""
        return sum(one.more for one in self.strata)

    @property
    def new(self) -> list[GrownStratum]:
        """The strata that grow in this refresh."""
        return [one for one in self.strata if one.new]

    def __str__(self) -> str:
        """k3 +20, k7 +5."""
        return ", ".join(f"{one.stratum} +{one.more:,}" for one in self.strata)

    @property
    def cases(self) -> list[EdgeCase]:
        """Each stratum's rows as a floor."""
        return [EdgeCase(one.labels, one.had + one.more) for one in self.strata]


@dataclass(frozen=True, slots=True)
class GrowthTarget:
    """A stratum that clearly loses more than the others."""

    lost: Estimate
    others: float

    @property
    def weight(self) -> float:
        return (self.lost.low - self.others) * self.lost.n


def targets(losses: Mapping[str, Sequence[float]]) -> dict[str, GrowthTarget]:
    """The targets of `losses`: stratum → the student's loss on each of its test rows. One that is found is no other any more, so a very
    bad stratum hides no bad one.
    """
    lost = {name: mean_interval(rows) for name, rows in sorted(losses.items()) if rows}
    others, found = dict(lost), dict[str, GrowthTarget]()
    while clear := [name for name, one in others.items() if one.n >= LEAST and _excess(one, others, name) > _UNIT]:
        worst = max(clear, key=lambda name: (others[name].low, name))
        found[worst] = GrowthTarget(others.pop(worst), 0.0)
    mean = _mean(others)
    return {name: replace(found[name], others=mean) for name in sorted(found)}


def _excess(one: Estimate, others: Mapping[str, Estimate], name: str) -> float:
    rest = {other: value for other, value in others.items() if other != name}
    return one.low - _mean(rest) if rest else 0.0


def _mean(found: Mapping[str, Estimate]) -> float:
    rows = sum(one.n for one in found.values())
    return math.fsum(one.mean * one.n for one in found.values()) / rows if rows else 0.0


def grown(
    losses: Mapping[str, Sequence[float]], harvested: Mapping[str, int], *, had: Mapping[str, int],
    labels: Mapping[str, Mapping[str, str]], rows: int, before: Sequence[GrownStratum] = (),
) -> list[GrownStratum]:  # fmt: skip
    """At most `rows` more, over the strata of `labels`; `had` are rows of the dataset so far, `before` what grew already."""
    waiting = {name: count for name, count in harvested.items() if name in labels and count}
    first = apportion(rows, held=dict.fromkeys(waiting, 0), room=waiting, weights=waiting) if waiting else {}
    due = {name: target for name, target in targets(losses).items() if name in labels and had.get(name)}
    room = {name: had[name] for name in due}
    weights = {name: target.weight for name, target in due.items()}
    left = rows - sum(first.values())
    later = apportion(left, held=dict.fromkeys(room, 0), room=room, weights=weights) if room and left > 0 else {}
    earlier = {one.stratum: one for one in before if one.stratum in labels}
    names = sorted({*earlier, *(name for part in (first, later) for name, count in part.items() if count)})
    return [_stratum(name, earlier.get(name), due.get(name), first, later, had, labels) for name in names]


def _stratum(
    name: str, earlier: GrownStratum | None, target: GrowthTarget | None, first: Mapping[str, int], later: Mapping[str, int],
    had: Mapping[str, int], labels: Mapping[str, Mapping[str, str]],
) -> GrownStratum:  # fmt: skip
    new = first.get(name, 0) + later.get(name, 0)
    return GrownStratum(
        name, dict(labels[name]), had=earlier.had if earlier else had.get(name, 0), more=(earlier.more if earlier else 0) + new,
        new=new, lost=target.lost if target else None, others=target.others if target else None, harvested=first.get(name, 0),
    )  # fmt: skip
