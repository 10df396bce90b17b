"""How many samples each stratum should hold: floors first, then counts and shares, then what is left by temperature.

Works on counts alone, so a plan costs nothing. A row here is (stratum, labels) of one seed that may train. An
edge case may name any label of the seeds, not only those that make the strata: where it covers only a part of
a stratum, its floor is added to that stratum's quota, and `curate.balance` picks the matching rows first.
A rule covers whole strata; of several that match a stratum the first counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from distill.strata.apportion import largest_remainder, within

LabelledRow = tuple[str, Mapping[str, str]]
Labels = Mapping[str, Mapping[str, str]]


def _holds(where: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in where.items())


def _said(where: Mapping[str, str]) -> str:
    return " and ".join(f"{name} = {value}" for name, value in where.items())


@dataclass(frozen=True, slots=True)
class EdgeCase:
    """Rows whose labels hold all of `where`: the dataset should have `at_least` so many of them."""

    where: Mapping[str, str]
    at_least: int

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether a row with these labels belongs to the edge case."""
        return _holds(self.where, labels)

    def __str__(self) -> str:
        return _said(self.where)


@dataclass(frozen=True, slots=True)
class QuotaRule:
    """Rows of all the strata together whose labels hold `where`; one of the four is given.

    `count` and `share` (of `accept`) are what they get, no more and no less; `floor` is the least, `cap` the most.
    """

    where: Mapping[str, str]
    share: float | None = None
    count: int | None = None
    floor: int | None = None
    cap: int | None = None

    def __str__(self) -> str:
        return _said(self.where)


@dataclass(frozen=True, slots=True)
class Targets:
    """What is wanted of the strata, see `quotas`: rows in all and of each, and how they are spread."""

    accept: int | None = None
    per_stratum: int | None = None
    temperature: float = 0.0
    edge_cases: Sequence[EdgeCase] = ()
    rules: Sequence[QuotaRule] = ()

    @property
    def numbered(self) -> bool:
        """Whether a number of rows is wanted in all, or of each stratum."""
        return self.accept is not None or self.per_stratum is not None


def matching(rows: Iterable[LabelledRow], edge_cases: Sequence[EdgeCase]) -> list[dict[str, int]]:
    """For each edge case: stratum → number of rows that belong to it."""
    counts: list[Counter[str]] = [Counter() for _ in edge_cases]
    for stratum, labels in rows:
        for case, count in zip(edge_cases, counts, strict=True):
            if case.holds(labels):
                count[stratum] += 1
    return [dict(sorted(count.items())) for count in counts]


def covered(labels: Labels, rules: Sequence[QuotaRule]) -> list[list[str]]:
    """The strata of each rule, by name: every stratum belongs to the first rule that matches it, or to none."""
    strata: list[list[str]] = [[] for _ in rules]
    for name in sorted(labels):
        first = next((n for n, rule in enumerate(rules) if _holds(rule.where, labels[name])), None)
        if first is not None:
            strata[first].append(name)
    return strata


def quotas(
    available: Mapping[str, int], labels: Labels, targets: Targets,
    *, matches: Sequence[Mapping[str, int]] | None = None, natural: Mapping[str, int] | None = None,
) -> dict[str, int]:  # fmt: skip
    """Stratum → samples wanted, never more than `available`, nor than a rule's count, share or cap.

    Rows are spread by `natural` counts (default: those available) to the power of `temperature`: 1 as they come, 0 all
    strata alike. A floor, a count and a share may pass `per_stratum`, and the floor of an edge case `accept` too: it is
    wanted beyond its natural share. `matches` is what `matching` counted; without it a stratum belongs to an edge case
    as a whole, by its `labels`. Rules need the `labels` of every stratum.
    """
    if matches is None:
        matches = [
            {name: count for name, count in available.items() if case.holds(labels.get(name, {}))}
            for case in targets.edge_cases
        ]
    sizes = available if natural is None else natural
    weights = {name: float(max(1, sizes.get(name, 1))) ** targets.temperature for name in available}
    plan = QuotaPlan.of(available, {name: labels.get(name, {}) for name in available}, targets, weights)
    quota = plan.firm(targets.edge_cases, matches, limit=targets.accept)
    tight = {
        name for strata, exact in zip(plan.strata, plan.exact, strict=True) if exact is not None for name in strata
    }
    caps = {
        name: count if targets.per_stratum is None else min(count, targets.per_stratum)
        for name, count in available.items()
    }
    room = {name: cap - quota[name] for name, cap in caps.items() if name not in tight}
    free = sum(space for space in room.values() if space > 0)
    return plan.raised(quota, room, free if targets.accept is None else targets.accept - sum(quota.values()))


@dataclass(frozen=True, slots=True)
class QuotaPlan:
    """Rules over given strata: the strata of each, and the rows that its count or share comes to."""

    available: Mapping[str, int]
    strata: Sequence[Sequence[str]]
    rules: Sequence[QuotaRule]
    exact: Sequence[int | None]
    weights: Mapping[str, float]

    @classmethod
    def of(
        cls, available: Mapping[str, int], labels: Labels, targets: Targets, weights: Mapping[str, float]
    ) -> QuotaPlan:
        """The plan of the targets' rules; `labels` are those of every stratum."""
        rules = targets.rules
        return cls(available, covered(labels, rules), rules, amounts(rules, targets.accept), weights)

    @property
    def ceilings(self) -> list[int | None]:
        """The most rows of each rule's strata, None where there is no such limit."""
        return [rule.cap if exact is None else exact for rule, exact in zip(self.rules, self.exact, strict=True)]

    def raised(self, quota: Mapping[str, int], room: Mapping[str, int], amount: int) -> dict[str, int]:
        """`quota` with `amount` more rows where there is room and no rule is in the way."""
        groups = [
            (strata, max(0, most - sum(quota[name] for name in strata)))
            for strata, most in zip(self.strata, self.ceilings, strict=True)
            if most is not None
        ]
        return {**quota, **within(amount, held=quota, room=room, weights=self.weights, groups=groups)}

    def firm(
        self, edge_cases: Sequence[EdgeCase], matches: Sequence[Mapping[str, int]], *, limit: int | None
    ) -> dict[str, int]:
        """Edge cases, floors, then counts and shares: what is held before the rest is shared out."""
        quota = dict.fromkeys(sorted(self.available), 0)
        for case, match in zip(edge_cases, matches, strict=True):
            whole = {name for name, count in match.items() if count == self.available[name]}
            still = case.at_least - sum(quota[name] for name in whole)
            room = {name: min(count, self.available[name] - quota[name]) for name, count in match.items()}
            quota = self.raised(quota, room, still)
        floors = [rule.floor for rule in self.rules]
        for least, strata in [*zip(floors, self.strata, strict=True), *zip(self.exact, self.strata, strict=True)]:
            still = (least or 0) - sum(quota[name] for name in strata)
            if limit is not None:
                still = min(still, limit - sum(quota.values()))
            quota = self.raised(quota, {name: self.available[name] - quota[name] for name in strata}, still)
        return quota


def amounts(rules: Sequence[QuotaRule], accept: int | None) -> list[int | None]:
    """The rows that each count or share comes to, None where a rule is neither. All shares are rounded together."""
    shares = [n for n, rule in enumerate(rules) if rule.share is not None and accept is not None]
    given = largest_remainder(accept or 0, [rules[n].share or 0.0 for n in shares])
    rounded = dict(zip(shares, given, strict=True))
    return [rounded.get(n, rule.count) for n, rule in enumerate(rules)]


def demanded(labels: Labels, rules: Sequence[QuotaRule], accept: int | None) -> list[tuple[list[str], int]]:
    """(strata, rows) of each rule that asks for rows: its count, its share or its floor. A cap asks for none."""
    exact = amounts(rules, accept)
    least = [rule.floor if count is None else count for rule, count in zip(rules, exact, strict=True)]
    return [(names, rows) for names, rows in zip(covered(labels, rules), least, strict=True) if rows]
