"""What the seeds cannot give, and what the quotas themselves forbid: said before anything is paid.

A row here is (stratum, labels) of one seed that may train, as in `distill.strata.quotas`. Where more seeds will be made
while the run goes on, with the labels `made`, too few rows that can be told by those is no fault; labels and values that no
seed has, and quotas that contradict each other, still are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from distill.errors import Fault
from distill.strata.quotas import EdgeCase, LabelledRow, QuotaPlan, QuotaRule, amounts, covered, matching, quotas
from distill.text.normalise import did_you_mean


def faults(
    rows: Sequence[LabelledRow],
    *,
    accept: int | None = None,
    per_stratum: int | None = None,
    edge_cases: Sequence[EdgeCase] = (),
    rules: Sequence[QuotaRule] = (),
    made: Collection[str] | None = None,
    numbers: Sequence[int] | None = None,
) -> list[Fault]:
    """Every one of them: unknown labels and values, what asks for more than there is, what cannot hold together.

    `numbers` are the places of the edge cases in the spec, where only some of them are given.
    """
    values = _values(labels for _, labels in rows)
    counts = Counter(stratum for stratum, _ in rows)
    plan = QuotaPlan(counts, covered(dict(rows), rules), rules, amounts(rules, accept), dict.fromkeys(counts, 1.0))
    matches = matching(rows, edge_cases)
    found = []
    for number, case, match in zip(numbers or range(len(edge_cases)), edge_cases, matches, strict=True):
        where = f"strata.edge_cases[{number}]"
        found += [Fault(f"{where}.where", message) for message in _unknown(case.where, values)] or [
            Fault(where, message)
            for message in _edge_case(case, match, plan, made is None or not set(case.where) <= set(made))
        ]
    for number in range(len(rules)):
        where = f"strata.quotas[{number}]"
        found += [Fault(f"{where}.where", message) for message in _unknown(rules[number].where, values)] or [
            Fault(where, message) for message in _rule(number, plan, made is None)
        ]
    if accept is not None:
        least = sum(plan.firm(edge_cases, matches, limit=None).values())
        most = quotas(
            counts, dict(rows), per_stratum=per_stratum, edge_cases=edge_cases, matches=matches,
            rules=[_counted(rule, exact) for rule, exact in zip(rules, plan.exact, strict=True)],
        )  # fmt: skip
        supply = sum(most.values())
        if accept > supply and made is None:
            limits = f" at {per_stratum} a stratum" if per_stratum and supply < len(rows) else ""
            limits += " under strata.quotas" if rules and supply < len(rows) else ""
            text = f"{accept} wanted, the training seeds can give {supply}{limits}; add seeds or lower it to {supply}"
            found.append(Fault("dataset.accept", text))
        elif accept < least:
            found.append(Fault("dataset.accept", _too_low(accept, least, edge_cases, rules)))
    return found


def early(
    seeds: Sequence[Mapping[str, str]],
    pending: Mapping[str, Collection[str]],
    *,
    accept: int | None = None,
    edge_cases: Mapping[int, EdgeCase],
    rules: Mapping[int, QuotaRule],
    made: bool = False,
) -> list[Fault]:
    """What can be told already where labels are still to be asked for: `pending` holds the values that each may have.

    `seeds` are the labels of all seeds, so that no more is asked of them than any answer can give. Edge cases and rules
    have their places in the spec. A rule covers what none before it covers, so counts, shares and floors add up.
    """
    values, counts = _values(seeds), Counter(tuple(sorted(labels.items())) for labels in seeds)
    values |= {name: set(given) for name, given in pending.items()}
    exact = dict(zip(rules, amounts(list(rules.values()), accept), strict=True))
    wanted: list[tuple[str, EdgeCase | QuotaRule, str, int]] = [
        (f"strata.edge_cases[{n}]", case, f"at_least {case.at_least} wanted", case.at_least)
        for n, case in edge_cases.items()
    ]
    wanted += [
        (f"strata.quotas[{n}]", rule, _amount(rule, exact[n]), exact[n] or rule.floor or 0) for n, rule in rules.items()
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
    highest = max((case.at_least for case in edge_cases.values()), default=0)
    if accept is not None and accept < max(floors, highest):
        some = [] if floors >= highest else list(edge_cases.values())
        found.append(
            Fault("dataset.accept", _too_low(accept, max(floors, highest), some, [] if some else list(rules.values())))
        )
    return found


def _values(seeds: Iterable[Mapping[str, str]]) -> dict[str, set[str]]:
    """Label → every value of it."""
    values: dict[str, set[str]] = {}
    for labels in seeds:
        for name, value in labels.items():
            values.setdefault(name, set()).add(value)
    return values


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


def _too_low(accept: int, least: int, edge_cases: Sequence[EdgeCase], rules: Sequence[QuotaRule]) -> str:
    if not rules:
        return f"{accept} wanted, the edge cases alone need {least}; raise it or lower their at_least"
    who = "the edge cases and strata.quotas" if edge_cases else "strata.quotas alone"
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
