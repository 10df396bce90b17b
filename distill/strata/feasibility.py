"""What the seeds cannot give, and what the quotas themselves forbid: said before anything is paid.

A row here is (stratum, labels) of one seed that may train, as in `distill.strata.quotas`. Where more seeds will be made
while the run goes on, with the labels `made`, too few rows that can be told by those is no fault; labels and values that no
seed has, and quotas that contradict each other, still are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from distill.errors import Fault
from distill.strata.quotas import EdgeCase, LabelledRow, QuotaPlan, QuotaRule, Targets, amounts, matching, quotas
from distill.text.normalise import did_you_mean


def faults(
    rows: Sequence[LabelledRow], targets: Targets, *, made: Collection[str] | None = None, pending: Collection[str] = ()
) -> list[Fault]:
    """Every one of them: unknown labels and values, what asks for more than there is, what cannot hold together.

    Edge cases with a label that is `pending`, since it is still to be asked for, are left out.
    """
    values = _values(labels for _, labels in rows)
    cases = {n: case for n, case in enumerate(targets.edge_cases) if case.where.keys().isdisjoint(pending)}
    targets = replace(targets, edge_cases=list(cases.values()))
    counts = Counter(stratum for stratum, _ in rows)
    plan = QuotaPlan.of(counts, dict(rows), targets, dict.fromkeys(counts, 1.0))
    matches = matching(rows, targets.edge_cases)
    found = []
    for (number, case), match in zip(cases.items(), matches, strict=True):
        where = f"strata.edge_cases[{number}]"
        found += [Fault(f"{where}.where", message) for message in _unknown(case.where, values)] or [
            Fault(where, message)
            for message in _edge_case(case, match, plan, made is None or not set(case.where) <= set(made))
        ]
    for number, rule in enumerate(targets.rules):
        where = f"strata.quotas[{number}]"
        found += [Fault(f"{where}.where", message) for message in _unknown(rule.where, values)] or [
            Fault(where, message) for message in _rule(number, plan, made is None)
        ]
    return found if targets.accept is None else found + _accept(rows, targets, targets.accept, plan, matches, made)


def early(
    seeds: Sequence[Mapping[str, str]], pending: Mapping[str, Collection[str]], targets: Targets, *, made: bool = False
) -> list[Fault]:
    """What can be told already where labels are still to be asked for: `pending` holds the values that each may have.

    `seeds` are the labels of all seeds, so that no more is asked of them than any answer can give. Of the edge cases only those
    with such a label are looked at. A rule covers what none before it covers, so counts, shares and floors add up.
    """
    values, counts = _values(seeds), Counter(tuple(sorted(labels.items())) for labels in seeds)
    values |= {name: set(given) for name, given in pending.items()}
    cases = {n: case for n, case in enumerate(targets.edge_cases) if pending.keys() & case.where.keys()}
    wanted: list[tuple[str, EdgeCase | QuotaRule, str, int]] = [
        (f"strata.edge_cases[{n}]", case, f"at_least {case.at_least} wanted", case.at_least)
        for n, case in cases.items()
    ]
    wanted += [
        (f"strata.quotas[{n}]", rule, _amount(rule, exact), exact or rule.floor or 0)
        for n, (rule, exact) in enumerate(zip(targets.rules, amounts(targets.rules, targets.accept), strict=True))
    ]
    found = []
    for where, one, asked, least in wanted:
        unknown = _unknown(one.where, values, pending)
        found += [Fault(f"{where}.where", message) for message in unknown]
        sure = {name: value for name, value in one.where.items() if name not in pending}.items()
        most = sum(count for labels, count in counts.items() if sure <= set(labels))
        if not unknown and most < least and not made:
            found.append(Fault(where, f"{asked}, {most} seeds can have {one}; add seeds, or lower it to {most} rows"))
    floors = sum(least for where, _, _, least in wanted if where.startswith("strata.quotas"))
    highest = max((case.at_least for case in cases.values()), default=0)
    if targets.accept is not None and targets.accept < max(floors, highest):
        alone = Targets(rules=targets.rules) if floors >= highest else Targets(edge_cases=list(cases.values()))
        found.append(Fault("dataset.accept", _too_low(targets.accept, max(floors, highest), alone)))
    return found


def _values(seeds: Iterable[Mapping[str, str]]) -> dict[str, set[str]]:
    """Label → every value of it."""
    values: dict[str, set[str]] = {}
    for labels in seeds:
        for name, value in labels.items():
            values.setdefault(name, set()).add(value)
    return values


def _accept(
    rows: Sequence[LabelledRow], targets: Targets, accept: int, plan: QuotaPlan, matches: Sequence[Mapping[str, int]],
    made: Collection[str] | None,
) -> list[Fault]:  # fmt: skip
    """More rows in all than there are seeds for, or fewer than the parts ask for."""
    least = sum(plan.firm(targets.edge_cases, matches, limit=None).values())
    rules = [_counted(rule, exact) for rule, exact in zip(targets.rules, plan.exact, strict=True)]
    most = quotas(plan.available, dict(rows), replace(targets, accept=None, rules=rules), matches=matches)
    supply = sum(most.values())
    if accept > supply and made is None:
        limits = f" at {targets.per_stratum} a stratum" if targets.per_stratum and supply < len(rows) else ""
        limits += " under strata.quotas" if rules and supply < len(rows) else ""
        text = f"{accept} wanted, the training seeds can give {supply}{limits}; add seeds or lower it to {supply}"
        return [Fault("dataset.accept", text)]
    return [Fault("dataset.accept", _too_low(accept, least, targets))] if accept < least else []


def _edge_case(case: EdgeCase, match: Mapping[str, int], plan: QuotaPlan, final: bool) -> list[str]:
    """Too few rows of an edge case, or rules that leave no room for them."""
    total = sum(match.values())
    if total < case.at_least:
        return [_too_few(case, total)] if final else []
    room, told = total, []
    for number, (strata, most) in enumerate(zip(plan.strata, plan.ceilings, strict=True)):
        inside = sum(match.get(name, 0) for name in strata)
        if most is not None and inside > most:
            room -= inside - most
            told.append(f"strata.quotas[{number}]")
    if room >= case.at_least:
        return []
    return [
        f"at_least {case.at_least} wanted, {' and '.join(told)} leaves room for {room} of them; "
        f"raise that or lower this to {room}"
    ]


def _rule(number: int, plan: QuotaPlan, final: bool) -> list[str]:
    """A rule that covers nothing, or asks for more than its strata have."""
    rule, strata = plan.rules[number], plan.strata[number]
    if not strata:
        before = [n for n in range(number) if plan.strata[n]]
        if before and any(_overlap(plan.rules[n].where, rule.where) for n in before):
            return [f"every stratum with {rule} is covered by a rule before it, and the first counts; put it first"]
        return [f"no seed has {rule}; add such seeds or take the rule out"] if final else []
    supply, wanted = sum(plan.available[name] for name in strata), plan.exact[number] or rule.floor or 0
    if wanted <= supply or not final:
        return []
    other = " that no rule before it covers" if any(_overlap(r.where, rule.where) for r in plan.rules[:number]) else ""
    return [
        f"{_amount(rule, plan.exact[number])}, {supply} training seeds have {rule}{other}; "
        f"add {wanted - supply} such seeds, set fewer aside for the test, or lower it to {supply} rows"
    ]


def _amount(rule: QuotaRule, exact: int | None) -> str:
    if rule.share:
        return f"share {rule.share} is {exact} rows"
    return f"{'count' if rule.count else 'floor'} {exact or rule.floor} wanted"


def _overlap(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether a stratum may match both."""
    return all(one[name] == other[name] for name in one.keys() & other.keys())


def _counted(rule: QuotaRule, exact: int | None) -> QuotaRule:
    """A share as the count that it comes to."""
    return rule if exact is None else QuotaRule(rule.where, count=exact)


def _too_low(accept: int, least: int, targets: Targets) -> str:
    if not targets.rules:
        return f"{accept} wanted, the edge cases alone need {least}; raise it or lower their at_least"
    who = "the edge cases and strata.quotas" if targets.edge_cases else "strata.quotas alone"
    return f"{accept} wanted, {who} need {least}; raise it to {least} or lower them"


def _unknown(where: Mapping[str, str], values: Mapping[str, set[str]], pending: Collection[str] = ()) -> list[str]:
    messages = []
    for name, value in where.items():
        if name not in values:
            messages.append(f"no seed has the label {name!r}{did_you_mean(name, values)}")
        elif value not in values[name] and name in pending:
            messages.append(f"{value!r} is no value of the label {name!r}{did_you_mean(value, values[name])}")
        elif value not in values[name]:
            messages.append(f"no seed has {name} = {value!r}{did_you_mean(value, values[name])}")
    return messages


def _too_few(case: EdgeCase, total: int) -> str:
    return (
        f"at_least {case.at_least} wanted, {total} training seeds have {case}; "
        f"add {case.at_least - total} such seeds, set fewer aside for the test, or lower it to {total}"
    )
