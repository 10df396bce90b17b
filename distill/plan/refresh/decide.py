"""Which strata are asked anew: those that clearly changed, unless known answers, or a judge, say that the old teacher was right.

clearly changed    the 95 % interval of the share that differs lies above `evaluate.margin`
known answers      on the rows where the two differ, the old teacher is right more often than the new one: the old answers stay
a judge            where no answer is known: the 95 % interval of the pairs that the new answers win lies below a half: the old answers stay
all were asked     a stratum as small as its sample is known whole, and asked anew where any answer differs
"""

from __future__ import annotations

from dataclasses import replace

from distill.plan.refresh.preference import together
from distill.plan.refresh.result import Disagreements, Expected, JudgedPreference, StratumProbe
from distill.stats import Estimate, paired_difference, proportion
from distill.text.percentages import percent


def judged(
    stratum: str, *, rows: int, asked: int, answered: int, changed: int, known: Disagreements, margin: float
) -> StratumProbe:
    """One stratum of which `changed` of `answered` sampled rows differ."""
    share = proportion(changed, answered) if answered else None
    relabel, why = _decision(share, whole=answered >= rows, known=known, margin=margin)
    return StratumProbe(stratum, rows, asked, answered, share, known, relabel, why)


def _decision(share: Estimate | None, *, whole: bool, known: Disagreements, margin: float) -> tuple[bool, str]:
    if share is None:
        return False, "no answer came"
    if not share.mean:
        return False, f"no answer differs; at most {percent(share.high, 0)} of the rows would"
    if not whole and share.low <= margin:
        return False, f"not clearly more than {percent(margin, 0)} of the answers differ"
    if known.gained < 0:
        return (
            False,
            f"the old answers are right more often: {known.old_right} of {known.known} known, the new ones {known.new_right}",
        )
    if known.known:
        return (
            True,
            f"of {known.known} differences with a known answer the new teacher is right in {known.new_right}, the old one in {known.old_right}",
        )
    return True, f"{percent(share.mean, 0)} of the answers differ; no known answer says whose are right"


def needs_judge(found: StratumProbe) -> bool:
    """Whether its rows would be asked anew although nobody knows whose answers are better."""
    return found.relabel and not found.known.known


def with_judge(found: StratumProbe, judged: JudgedPreference) -> StratumProbe:
    """A stratum that clearly changed, once a judge has compared the answers that differ."""
    counts = f"new better in {judged.new_better}, old in {judged.old_better}, neither in {judged.ties} of {judged.pairs} pairs"
    if judged.clearly_old:
        return replace(found, judged=judged, relabel=False, why=f"a judge prefers the old answers: {counts}")
    if judged.clearly_new:
        return replace(found, judged=judged, why=f"a judge prefers the new answers: {counts}")
    if not judged.pairs:
        return replace(found, judged=judged, why=f"{found.why}, and no verdict of a judge can be read")
    differ = percent(found.changed.mean, 0) if found.changed else "some"
    return replace(
        found, judged=judged, why=f"{differ} of the answers differ; a judge calls neither clearly better: {counts}"
    )


def expected(found: list[StratumProbe]) -> Expected:
    """What asking the chosen strata anew would change."""
    chosen = [one for one in found if one.relabel and one.changed is not None]
    answers = sum(round(one.rows * one.changed.mean) for one in chosen if one.changed is not None)
    new = [
        right
        for one in chosen
        for right in (1.0,) * one.known.new_right + (0.0,) * (one.answered - one.known.new_right)
    ]
    old = [right for one in chosen for right in _later(one)]
    right = paired_difference(new, old) if any(one.known.known for one in chosen) else None
    judged = [one.judged for one in chosen if one.judged is not None]
    return Expected(answers, right, together(judged) if judged else None)


def _later(one: StratumProbe) -> tuple[float, ...]:
    """1 for each row that only the old teacher has right, which are none of those that only the new one has."""
    before, rest = one.known.new_right, one.answered - one.known.new_right - one.known.old_right
    return (0.0,) * before + (1.0,) * one.known.old_right + (0.0,) * rest
