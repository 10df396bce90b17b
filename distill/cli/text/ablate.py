"""An ablation, for people: what will be trained, then a table of what each gate brings, and a sentence on each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distill.cli.durations import about
from distill.text.percentages import percent, signed

if TYPE_CHECKING:
    from distill.evaluate.ablation.result import Ablation, DropPrice, LeftOut, VariantScore
    from distill.pipeline.ablation.plan import AblationPlan, PlannedVariant

_LONG_S = 3600.0
"""From so many seconds on, what takes less is named."""


def plan_lines(plan: AblationPlan) -> list[str]:
    """What is left out, what is to be trained, and about how long that takes."""
    times = f" × {plan.seeds} seeds" if plan.seeds > 1 else ""
    lines = [
        f"ablation of {plan.run} ({plan.student}): {plan.rows:,} training rows{times} each, on the same {plan.test_rows:,} test rows; nothing is bought",
        *map(_planned, plan.left_out),
    ]
    if not plan.to_train:
        return [*lines, "  nothing is to be trained" + (": all of it is there" if plan.trainings else "")]
    own = "; one of the others is the run's own student" if plan.own else ""
    took = (
        "how long is not known, as nothing was trained yet in this task"
        if plan.seconds is None
        else about(plan.seconds)
    )
    trainings = f"{plan.to_train} of {plan.trainings} trainings"
    lines.append(f"  to do: {trainings} of {plan.rows:,} rows each, {took}{own}")
    if plan.seconds is not None and plan.seconds > _LONG_S:
        lines.append("  less: --with linear, fewer gates (--without), fewer --seeds, or fewer --rows")
    return lines


def _planned(one: PlannedVariant) -> str:
    same = "; the student would learn the same rows, so nothing is trained" if one.same else ""
    return f"  without {one.name}: of {one.dropped:,} rows that it dropped, {one.let_in:,} come into the dataset{same}"


def ablation_lines(found: Ablation) -> list[str]:
    """The table, a row for all and a row for each that was left out, and what is advised of each."""
    wide = max(len("nothing"), *(len(one.name) for one in found.left_out))
    lines = []
    if found.whole is not None:
        kind = "a linear model" if found.student == "linear" else "the student"
        lines = [
            f"{found.run}: {kind} trained on {found.rows:,} rows with one gate left out, share {found.measure} on the same {found.scored:,} of "
            f"{found.test_rows:,} test rows",
            f"  {'left out':{wide + 1}}  {'dropped':>7}  {'let in':>6}  {'cost':>9}  {'score':>7}  what it brings, in points",
            f"  {'nothing':{wide + 1}}  {'':7}  {'':6}  {'':9}  {_score(found.whole):>7}",
            *(_line(one, wide + 1) for one in found.left_out),
            f"  intervals: {found.interval}",
            "",
        ]
    return [*lines, *(one.advice.sentence for one in found.left_out)]


def _line(one: LeftOut, wide: int) -> str:
    effect = one.effect
    brings = (
        "the same rows"
        if effect is None
        else f"{signed(effect.mean)} ({signed(effect.low)} to {signed(effect.high)}, n = {effect.n})  {one.advice.word}"
    )
    return f"  {one.name:{wide}}  {one.dropped:>7,}  {one.let_in:>6,}  {_usd(one.price):>9}  {_score(one.without):>7}  {brings}"


def _score(found: VariantScore | None) -> str:
    return "-" if found is None else percent(found.score.mean)


def _usd(price: DropPrice) -> str:
    usd = price.usd
    if usd is None:
        return "?"
    return f"${usd:,.2f}" if usd >= 0.01 or not usd else f"${usd:.2g}"
