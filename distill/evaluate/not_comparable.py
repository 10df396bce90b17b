"""The verdict where student and teacher could not be compared at all, and why: never the same as a failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from distill.evaluate.metrics import NO_ANSWER
from distill.evaluate.verdict import ComparisonVerdict

_COMPARING = ("json_fields", "agreement", "judge")
"""The metrics that tell what an answer is worth, and not only whether it has the right form."""


def not_comparable(
    scores: pl.DataFrame, calls: pl.DataFrame, *, rows: int, kind: str, arms: Sequence[str]
) -> ComparisonVerdict | None:
    """The verdict where there is nothing to compare; None where there is. `arms` are all that were to be asked."""
    compared = scores.filter(scores["metric"].is_in(_COMPARING))
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
    if any({("student", metric), ("teacher", metric)} <= scored for metric in _COMPARING):
        return None
    return _unscored(compared, len(both), rows, kind)


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
                "Undecided: no metric here applies to free-text answers.",
                f"{answered}. Many wordings are right, and equal letters would prove nothing. Have them judged: both stand side "
                "by side in calls.parquet. Or give the task short known answers, or an output schema with fields that can be "
                "compared.",
            ],
        )
    reasons = Counter(
        reason for reason in compared.filter(compared["value"].is_null())["reason"] if reason != NO_ANSWER
    )
    why = reasons.most_common(1)[0][0] if reasons else "nothing to compare them with"
    return ComparisonVerdict("undecided", [f"Undecided: no metric could score the answers: {why}.", f"{answered}."])
