"""The verdict where student and teacher could not be compared at all, and why: never the same as a failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from distill.evaluate.metrics import NO_ANSWER
from distill.evaluate.metrics.names import deciding, of_text
from distill.evaluate.verdict import ComparisonVerdict

_FORM = "schema"
"""The metric that tells nothing about what an answer says."""


def not_comparable(
    scores: pl.DataFrame, calls: pl.DataFrame, *, rows: int, kind: str, arms: Sequence[str]
) -> ComparisonVerdict | None:
    """The verdict where there is nothing to compare; None where there is. `arms` are all that were to be asked."""
    compared = scores.filter(scores["metric"] != _FORM)
    if "student" not in arms:
        others = compared.filter(compared["arm"] != "teacher").drop_nulls("value")
        return _without_student(others.height > 0)
    if rows == 0:
        return ComparisonVerdict("undecided", ["Undecided: there are no test rows."])
    if "teacher" not in arms:
        return ComparisonVerdict(
            "undecided", ["Undecided: the teacher is not among evaluate.arms, so nothing says what is good enough."]
        )
    answered = {arm: set(calls.filter((calls["arm"] == arm) & (calls["ended"] == "ok"))["seed_id"]) for arm in arms}
    both = answered.get("student", set()) & answered.get("teacher", set())
    if not both or not compared.height:
        return None
    scored = {
        (arm, metric)
        for arm, metric in compared.drop_nulls("value").select("arm", "metric").iter_rows()
        if arm in ("student", "teacher")
    }
    best = deciding(metric for _, metric in scored)
    if ("teacher", best) in scored and ("student", best) not in scored and not of_text(best):
        return _never_judged(compared, best)
    if any({("student", metric), ("teacher", metric)} <= scored for _, metric in scored):
        return None
    return _unscored(compared, len(both), rows, kind)


def _never_judged(compared: pl.DataFrame, metric: str) -> ComparisonVerdict:
    """A function that judged the teacher's answers and raised at each of the student's: no zero, and no verdict by another metric."""
    rows = compared.filter((compared["metric"] == metric) & (compared["arm"] == "student"))
    reasons = Counter(reason for reason in rows["reason"] if reason != NO_ANSWER)
    why = reasons.most_common(1)[0][0] if reasons else "none of them was answered"
    return ComparisonVerdict(
        "undecided",
        [
            f"Undecided: {metric} could judge none of the student's {rows.height} answers: {why}.",
            "A function that runs an answer should catch what the answer raises and return False for it; a function that raises gives no "
            "score, so as never to count its own fault against an answer.",
        ],
    )


def _without_student(scored: bool) -> ComparisonVerdict:
    others = "there is nothing to decide; what the others scored stands in the report"
    outcome = others if scored else "nothing was compared"
    how = "To compare one, train it (student.train.with) and have `student` among evaluate.arms."
    return ComparisonVerdict("dataset only", [f"Dataset only: no student was asked, so {outcome}.", how])


def _unscored(compared: pl.DataFrame, both: int, rows: int, kind: str) -> ComparisonVerdict:
    answered = f"Student and teacher both answered {both} of {rows} test rows"
    if kind == "text":
        return ComparisonVerdict(
            "undecided",
            [
                "Undecided: none of the metrics that evaluate.metrics names applies to free-text answers.",
                f"{answered}. Many wordings are right, and equal letters would prove nothing. `evaluate.metrics: auto` measures "
                "likeness; or have them judged: both stand side by side in calls.parquet.",
            ],
        )
    reasons = Counter(
        reason for reason in compared.filter(compared["value"].is_null())["reason"] if reason != NO_ANSWER
    )
    why = reasons.most_common(1)[0][0] if reasons else "nothing to compare them with"
    return ComparisonVerdict("undecided", [f"Undecided: no metric could score the answers: {why}.", f"{answered}."])
