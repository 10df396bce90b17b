"""What a person reads of a refresh that is not paid for yet."""

from __future__ import annotations

from distill.money import shown
from distill.plan.refresh.result import Disagreements, GrowthPlan, JudgedPreference, RefreshPlan, StratumProbe
from distill.text.percentages import percent, signed

_SHOWN = 5
"""Changes that are named."""


def refresh_lines(plan: RefreshPlan, again: str) -> list[str]:
    """What changed, the sample by stratum, what is still to pay, and the command `again` that does it."""
    if plan.unchanged:
        nothing = f"nothing changed since run {plan.run}: nothing was asked, and no run is opened"
        return [*([plan.advice] if plan.advice else []), nothing]
    more = f" and {len(plan.changes) - _SHOWN} more" if len(plan.changes) > _SHOWN else ""
    said = [f"changed since run {plan.run}: {', '.join(plan.changes[:_SHOWN])}{more}"]
    if plan.strata:
        said += _sample(plan)
    said += _growth(plan)
    said += [f"plan: {plan.advice}", *(_still(plan) if not plan.idle else [])]
    if again and not plan.idle:
        said.append(f"go on: {again}")
    return said


def _sample(plan: RefreshPlan) -> list[str]:
    width = max(len(one.stratum) for one in plan.strata)
    asked = sum(one.answered for one in plan.strata)
    judges = f" and {plan.judge_requests:,} to judges" if plan.judge_requests else ""
    return [
        f"{plan.teacher} beside {plan.earlier} on {asked:,} rows: {plan.probe_requests:,} requests sent{judges}, {shown(plan.probe_usd)} spent",
        f"  {'stratum':{width}}   rows  asked  differ (95 % interval)",
        *(_line(one, width) for one in plan.strata),
        *_gain(plan),
        *(f"warning: {warning}" for warning in plan.warnings),
    ]


def _line(one: StratumProbe, width: int) -> str:
    share = one.changed
    span = f"{percent(share.mean, 0)} ({percent(share.low, 0)} to {percent(share.high, 0)})" if share else "-"
    word = "ask anew" if one.relabel else "keep"
    return f"  {one.stratum:{width}}  {one.rows:5,}  {one.answered:5,}  {span:22}  {word}: {one.why}{_known(one.known)}{_by_order(one.judged)}"


def _known(known: Disagreements) -> str:
    parts = [(known.both, "both"), (known.neither, "neither")]
    said = ", ".join(f"{word} right in {count}" for count, word in parts if count)
    return f" ({said})" if said else ""


def _by_order(judged: JudgedPreference | None) -> str:
    """What of the judges' verdicts is no preference."""
    parts = [(judged.by_order, "changed with the order"), (judged.unread, "without a verdict")] if judged else []
    said = ", ".join(f"{count} {word}" for count, word in parts if count)
    return f" ({said})" if said else ""


def _gain(plan: RefreshPlan) -> list[str]:
    found, rows = plan.expected, sum(one.rows for one in plan.strata)
    if not found.answers:
        return []
    said = [f"expected: about {found.answers:,} of {rows:,} answers will differ"]
    if found.right is not None:
        right = found.right
        said.append(
            f"  right answers in the strata asked anew: {signed(right.mean)} points ({signed(right.low)} to {signed(right.high)}, n = {right.n})"
        )
    if found.judged is not None and (won := found.judged.for_new) is not None:
        said.append(
            f"  judged in pairs, the new answers win {percent(won.mean, 0)} there ({percent(won.low, 0)} to {percent(won.high, 0)}, n = {won.n}; a tie is half)"
        )
    elif found.right is None:
        said.append(
            "  no known answer among them says whether that is better; known answers (seeds.gold) or a judge (evaluate.judge) would"
        )
    return said


def _growth(plan: RefreshPlan) -> list[str]:
    if not plan.growth:
        return []
    width = max(len(one.grown.stratum) for one in plan.growth)
    return [
        f"rows more, where the student of {plan.run} missed most or inputs were harvested:",
        *(_grown(one, width) for one in plan.growth),
    ]


def _grown(one: GrowthPlan, width: int) -> str:
    found, lost = one.grown, one.grown.lost
    why = (
        f"missed {percent(lost.mean, 0)} ({percent(lost.low, 0)} to {percent(lost.high, 0)}, n = {lost.n}), others {percent(found.others or 0.0, 0)}"
        if lost
        else ""
    )
    came = f"{found.harvested:,} harvested input{'s' if found.harvested > 1 else ''}" if found.harvested else ""
    left = f"; {one.unasked:,} seeds left, {one.synthetic:,} rows by synthetic ones" if one.synthetic else ""
    return f"  {found.stratum:{width}}  +{found.new:,} rows: {', '.join(part for part in (why, came) if part)}{left}"


def _still(plan: RefreshPlan) -> list[str]:
    cost = plan.cost
    price = f"${cost.usd_at_most:.4f} at most" if cost.usd_at_most is not None else "at a price that is not known"
    if plan.usd_expected is not None and cost.usd_at_most is not None:
        price += f", ${plan.usd_expected:.4f} expected"
    parts = ", ".join(f"{one.spender} {one.to_send:,}" for one in plan.spenders if one.to_send)
    return [
        f"still to send: {plan.requests:,} requests ({parts or 'none'}); {price}",
        "  judges and arms but the teacher are not in it",
    ]
