"""The cascade in words: what the student answers alone, how wrong that is at most, and what it costs beside the teacher alone."""

from __future__ import annotations

from distill.evaluate.selective import bound
from distill.evaluate.selective.cascade import CascadePrice, Selective
from distill.evaluate.selective.threshold import ConfidenceThreshold
from distill.text.percentages import percent

_WRONG = {"known answers": "is wrong", "teacher": "disagrees with the teacher"}


def sentences(found: Selective) -> list[str]:
    """What the verdict says of it, one sentence or more."""
    if found.threshold is None:
        return [f"The student answers nothing alone: {found.note}."] if found.note else []
    if not found.threshold.kept:
        return [_nothing(found, found.threshold)]
    coverage = found.coverage.mean if found.coverage else found.threshold.coverage
    lines = [
        f"The student answers {percent(coverage, 0)} itself, where it is surest; there it {_WRONG[found.against]} in at most "
        f"{percent(found.limit)}, shown at 95 % by {found.threshold.kept} of {found.threshold.rows} calibration rows "
        f"({found.threshold.errors} wrong, at most {percent(found.threshold.bound or 0)}). The rest goes to the teacher."
    ]
    return [*lines, *_checked(found), *_cost(found.price)]


def _nothing(found: Selective, limit: ConfidenceThreshold) -> str:
    head = (
        f"The student answers 0 % itself: {limit.rows} calibration rows do not show that it {_WRONG[found.against]} in at most "
        f"{percent(found.limit)} of any part of the rows"
    )
    least = bound.least_rows(0, found.limit)
    if limit.rows < least:
        return f"{head}. {least} is the least that could, all of them right; about {max(limit.rows_needed or 0, least):,} most likely would."
    if limit.rows_needed is None:
        return (
            f"{head}. More of them would not: even where it is surest, it {_WRONG[found.against]} more often than that."
        )
    return f"{head}. About {limit.rows_needed:,} would most likely show it for some (evaluate.calibration.rows)."


def _checked(found: Selective) -> list[str]:
    """Whether the bound held on the test rows, which set nothing."""
    risk = found.risk
    if risk is None:
        return []
    wrong = round(risk.mean * risk.n)
    said = f"On the test rows it kept {risk.n} and {wrong} of them {'was' if wrong == 1 else 'were'} wrong"
    interval = f"{percent(risk.mean)}, {percent(risk.low)} to {percent(risk.high)}"
    if risk.low > found.limit:
        return [f"{said} ({interval}): clearly more than allowed. Are calibration and test rows alike?"]
    return [f"{said} ({interval}), which agrees with the bound."]


def _cost(price: CascadePrice | None) -> list[str]:
    if price is None:
        return []
    parts = []
    if price.usd_per_1000 is not None and price.teacher_usd_per_1000 is not None and price.teacher_usd_per_1000 > 0:
        parts.append(
            f"${price.usd_per_1000:,.4g} a thousand calls against ${price.teacher_usd_per_1000:,.4g} of the teacher alone"
        )
    if price.p95_s is not None and price.teacher_p95_s is not None:
        parts.append(f"p95 {_ms(price.p95_s)} against {_ms(price.teacher_p95_s)}")
    return [f"Together they take {', and '.join(parts)}."] if parts else []


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.3g} ms" if seconds < 1 else f"{seconds:,.3g} s"
