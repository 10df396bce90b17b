"""Whether a gate is worth its price: what the student gains by it, and what it has cost.

worth       the effect is above zero, by an interval that holds for all gates together
harmful     the same, below zero
even        the whole interval lies within the margin: with or without it makes no difference that matters
undecided   none of these, too few test rows, or one training each
no_rows     the student would learn the same rows without it
"""

from __future__ import annotations

from collections.abc import Sequence

from distill.evaluate.ablation.result import AblationAdvice, DropPrice
from distill.stats import Estimate
from distill.text.percentages import points, signed


def advise(
    name: str, effect: Estimate, sure: Sequence[float], price: DropPrice, *, margin: float, seeds: int
) -> AblationAdvice:
    """The advice on one gate that was left out; `margin` is the share of a score that matters."""
    said = f"{signed(effect.mean)} points ({signed(effect.low)} to {signed(effect.high)}, n = {effect.n})"
    if missing := _missing(effect, seeds):
        return AblationAdvice("undecided", f"{name} cannot be told with these rows: {said}; {missing}.")
    low, high = sure
    if low > 0:
        return AblationAdvice("worth", f"{name} is worth its price: it brings {said}, and {cost(price)}.")
    if high < 0:
        return AblationAdvice(
            "harmful",
            f"{name} is harmful: with it the student has {said}, and it {cost(price)}; loosen it, or leave it out.",
        )
    if effect.low > -margin and effect.high < margin:
        return AblationAdvice(
            "even",
            f"{name} makes no difference that matters: {said}, within the {points(margin)} that matter; it {cost(price)}.",
        )
    more = "more seeds (--seeds 5) or more test rows" if seeds < 5 else "more test rows"
    return AblationAdvice(
        "undecided", f"{name} cannot be told with these rows: {said}; it {cost(price)}. To tell, it takes {more}."
    )


def same_rows(name: str, dropped: int, unjudged: int) -> AblationAdvice:
    """The advice on a gate without which the student would learn the same rows."""
    if not dropped:
        why = "it dropped nothing in this run"
    elif unjudged:
        why = f"of the {dropped:,} rows that it dropped, {unjudged:,} have no verdict of a later gate, and none is bought here"
    else:
        why = f"the {dropped:,} rows that it dropped go at a later step too, or are none that this student can learn"
    return AblationAdvice("no_rows", f"{name}: the student learns the same rows without it; {why}.")


def cost(price: DropPrice) -> str:
    """What a gate cost, e.g. "cost $0.42: $0.30 of answers that it dropped and $0.12 of verdicts"."""
    if price.answers_usd is None or price.verdicts_usd is None:
        return "cost what nobody knows, as no price is known for its answers or verdicts"
    if not price.answers_usd + price.verdicts_usd:
        return "cost nothing"
    parts = [
        f"{_usd(value)} of {what}"
        for value, what in ((price.answers_usd, "answers that it dropped"), (price.verdicts_usd, "verdicts"))
        if value
    ]
    return f"cost {' and '.join(parts)}"


def _missing(effect: Estimate, seeds: int) -> str:
    """What is lacking before anything is said."""
    if effect.small:
        return f"{effect.n} test rows are too few"
    if seeds < 2:
        return "the luck of one training is not in that interval, so it takes --seeds 3"
    return ""


def _usd(value: float) -> str:
    return f"${value:,.2f}" if value >= 1 else f"${value:.2g}"
