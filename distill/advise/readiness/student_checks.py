"""Checks of what was measured of the student: its verdict, form, answers, strata, floor and price."""

from __future__ import annotations

from distill.advise.readiness.run_evidence import Found, RunEvidence
from distill.stats import FEW
from distill.text.percentages import percent, signed

SCHEMA, FAILED = 0.98, 0.01
"""Least share of answers in the schema; most test rows without an answer."""
STRATUM = 0.05
"""Most that a stratum may lose, where the margin is not more."""


def verdict(seen: RunEvidence) -> Found:
    if seen.compared is None:
        return None, "nothing was compared"
    gap = next(
        (one for one in seen.compared.differences if (one.metric, one.b) == (seen.compared.metric, "teacher")), None
    )
    if gap is None:
        return None, f"“{seen.compared.verdict.word}”, and no row that student and teacher both answered"
    interval = f"{signed(gap.mean)} points ({signed(gap.low)} to {signed(gap.high)}, n = {gap.n})"
    return seen.compared.verdict.word == "distil" and not gap.small, f"“{seen.compared.verdict.word}”, {interval}"


def schema(seen: RunEvidence) -> Found:
    arm = seen.compared.arms.get("student") if seen.compared else None
    found = arm.metrics.get("schema") if arm else None
    if found is None and seen.spec and not seen.setting("teacher.output"):
        return True, "the task has no schema (teacher.output), so no form is asked for"
    if found is None:
        return None, "no answer of a student was held against a schema"
    return (
        found.mean >= SCHEMA,
        f"{percent(found.mean)} ({percent(found.low)} to {percent(found.high)}, n = {found.n})",
    )


def answered(seen: RunEvidence) -> Found:
    arm = seen.compared.arms.get("student") if seen.compared else None
    if arm is None or not arm.calls:
        return None, "no student answered"
    return arm.failed <= FAILED * arm.calls, f"{arm.failed} of {arm.calls} test rows without an answer"


def strata(seen: RunEvidence) -> Found:
    """Student minus teacher in each value of each label that has enough rows."""
    cells = [
        (label, cell) for label, found in (seen.compared.by_label if seen.compared else {}).items() for cell in found
    ]
    gaps = [
        (cell.student.mean - cell.teacher.mean, f"{label} = {cell.value}", cell.student.n)
        for label, cell in cells
        if cell.student and cell.teacher and cell.student.n >= FEW
    ]
    if not gaps and seen.spec and not seen.setting("strata.by"):
        return None, "the task has no strata (strata.by), so nothing tells where the student falls"
    if not gaps:
        return None, f"no label has a value with {FEW} test rows"
    worst, name, n = min(gaps)
    few = f"; {len(cells) - len(gaps)} of {len(cells)} have under {FEW} rows" if len(gaps) < len(cells) else ""
    margin = max(STRATUM, seen.compared.margin if seen.compared else 0.0)
    return worst >= -margin, f"worst: {signed(worst)} points in {name} (n = {n}){few}"


def floor(seen: RunEvidence) -> Found:
    if seen.compared is None or "linear" not in seen.compared.arms:
        if seen.classifier:
            return True, f"the student is the {seen.classifier} model"
        if seen.compared is not None and (seen.compared.kind == "text" or seen.compared.metric.endswith("tool_calls")):
            return True, "no linear model gives answers of this kind"
        return None, "no linear model was an arm"
    gap = next(
        (one for one in seen.compared.differences if (one.metric, one.b) == (seen.compared.metric, "linear")), None
    )
    if gap is None:
        return None, "no row that both answered"
    return gap.low > 0, f"{signed(gap.mean)} points ({signed(gap.low)} to {signed(gap.high)}, n = {gap.n})"


def price(seen: RunEvidence) -> Found:
    arm = seen.compared.arms.get("student") if seen.compared else None
    unpriced = sum(row.unpriced for row in seen.ledger)
    if arm is None:
        return None, "no student answered"
    each = "unknown" if arm.usd_per_1000 is None else f"${arm.usd_per_1000:.4f}"
    return not unpriced and arm.usd_per_1000 is not None, f"{unpriced} calls at an unknown price; 1,000 answers {each}"
