"""How many samples each stratum should hold: floors for edge cases first, then equal levels like water.

Works on counts alone, so a plan costs nothing. A row here is (stratum, labels) of one seed that may train. An
edge case may name any label of the seeds, not only those that make the strata: where it covers only a part of
a stratum, its floor is added to that stratum's quota, and `curate.balance` picks the matching rows first.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from distill.errors import Fault
from distill.text import did_you_mean

Row = tuple[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class EdgeCase:
    """Rows whose labels hold all of `where`: the dataset should have `at_least` so many of them."""

    where: Mapping[str, str]
    at_least: int

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether a row with these labels belongs to the edge case."""
        return all(labels.get(name) == value for name, value in self.where.items())

    def __str__(self) -> str:
        return " and ".join(f"{name} = {value}" for name, value in self.where.items())


def matching(rows: Iterable[Row], edge_cases: Sequence[EdgeCase]) -> list[dict[str, int]]:
    """For each edge case: stratum → number of rows that belong to it."""
    counts: list[Counter[str]] = [Counter() for _ in edge_cases]
    for stratum, labels in rows:
        for case, count in zip(edge_cases, counts, strict=True):
            if case.holds(labels):
                count[stratum] += 1
    return [dict(sorted(count.items())) for count in counts]


def quotas(
    available: Mapping[str, int],
    labels: Mapping[str, Mapping[str, str]],
    *,
    accept: int | None = None,
    per_stratum: int | None = None,
    edge_cases: Sequence[EdgeCase] = (),
    matches: Sequence[Mapping[str, int]] | None = None,
) -> dict[str, int]:
    """Stratum → samples wanted, never more than `available`.

    A floor may pass `per_stratum` and `accept`: an edge case is wanted beyond its natural share. `matches` is
    what `matching` counted; without it a stratum belongs to an edge case as a whole, by its `labels`.
    """
    if matches is None:
        matches = [
            {name: count for name, count in available.items() if case.holds(labels.get(name, {}))}
            for case in edge_cases
        ]
    quota = dict.fromkeys(sorted(available), 0)
    for case, match in zip(edge_cases, matches, strict=True):
        whole = {name for name, count in match.items() if count == available[name]}
        still = case.at_least - sum(quota[name] for name in whole)
        room = {name: min(count, available[name] - quota[name]) for name, count in match.items()}
        _fill(quota, room, still)
    caps = {name: count if per_stratum is None else min(count, per_stratum) for name, count in available.items()}
    room = {name: cap - quota[name] for name, cap in caps.items()}
    _fill(quota, room, sum(caps.values()) if accept is None else accept - sum(quota.values()))
    return quota


def _fill(quota: dict[str, int], room: Mapping[str, int], amount: int) -> None:
    """Raise the lowest strata that have room, one by one; of equal ones the first by name."""
    left = dict(room)
    heap = [(quota[name], name) for name, space in left.items() if space > 0]
    heapq.heapify(heap)
    for _ in range(amount):
        if not heap:
            return
        level, name = heap[0]
        quota[name] += 1
        left[name] -= 1
        if left[name] > 0:
            heapq.heapreplace(heap, (level + 1, name))
        else:
            heapq.heappop(heap)


def faults(
    rows: Sequence[Row],
    *,
    accept: int | None = None,
    per_stratum: int | None = None,
    edge_cases: Sequence[EdgeCase] = (),
) -> list[Fault]:
    """What the seeds cannot give: unknown labels and values, floors and an `accept` above what there is."""
    values: dict[str, set[str]] = {}
    for _, labels in rows:
        for name, value in labels.items():
            values.setdefault(name, set()).add(value)
    found = []
    for number, (case, match) in enumerate(zip(edge_cases, matching(rows, edge_cases), strict=True)):
        where = f"strata.edge_cases[{number}]"
        unknown = _unknown(case, values)
        found += [Fault(f"{where}.where", message) for message in unknown]
        total = sum(match.values())
        if total < case.at_least and not unknown:
            found.append(Fault(where, _too_few(case, total)))
    return found + _accept_faults(rows, accept, per_stratum, edge_cases)


def _accept_faults(
    rows: Sequence[Row], accept: int | None, per_stratum: int | None, edge_cases: Sequence[EdgeCase]
) -> list[Fault]:
    if accept is None:
        return []
    counts = Counter(stratum for stratum, _ in rows)
    matches = matching(rows, edge_cases)
    least = quotas(counts, {}, accept=0, per_stratum=per_stratum, edge_cases=edge_cases, matches=matches)
    most = quotas(counts, {}, per_stratum=per_stratum, edge_cases=edge_cases, matches=matches)
    floors, supply = sum(least.values()), sum(most.values())
    if accept > supply:
        limit = f" at {per_stratum} a stratum" if supply < len(rows) else ""
        text = f"{accept} asked, the training seeds can give {supply}{limit}; add seeds or lower it to {supply}"
        return [Fault("dataset.accept", text)]
    if accept < floors:
        text = f"{accept} asked, the edge cases alone need {floors}; raise it or lower their at_least"
        return [Fault("dataset.accept", text)]
    return []


def _unknown(case: EdgeCase, values: Mapping[str, set[str]]) -> list[str]:
    messages = []
    for name, value in case.where.items():
        if name not in values:
            messages.append(f"no seed has the label {name!r}{did_you_mean(name, values)}")
        elif value not in values[name]:
            messages.append(f"no seed has {name} = {value!r}{did_you_mean(value, values[name])}")
    return messages


def _too_few(case: EdgeCase, total: int) -> str:
    return (
        f"at_least {case.at_least} asked, {total} training seeds have {case}; "
        f"add {case.at_least - total} such seeds, set fewer aside for the test, or lower it to {total}"
    )
