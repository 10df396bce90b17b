"""What is said where student and teacher could not be compared at all, and why: it is never the same as a failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from distill.evaluate.metrics import NO_ANSWER
from distill.evaluate.verdict import Verdict

if TYPE_CHECKING:
    import polars as pl

_HELD = ("json_fields", "agreement")
"""The metrics that hold an answer against another one."""


def uncompared(
    scores: pl.DataFrame, calls: pl.DataFrame, *, rows: int, kind: str, arms: Sequence[str]
) -> Verdict | None:
    """The verdict where there is nothing to compare; None where there is."""
    if arms and "student" not in arms:
        return _without_student(arms, rows)
    if rows == 0:
        return Verdict("undecided", ["Undecided: there are no test rows."])
    if arms and "teacher" not in arms:
        return Verdict(
            "undecided", ["Undecided: the teacher is not among evaluate.arms, so nothing says what is good enough."]
        )
    answered = {arm: set(calls.filter((calls["arm"] == arm) & (calls["ended"] == "ok"))["seed_id"]) for arm in arms}
    both = answered.get("student", set()) & answered.get("teacher", set())
    held = scores.filter(scores["metric"].is_in(_HELD))
    if not both or not held.height:
        return None
    own = {
        (arm, metric)
        for arm, metric in held.drop_nulls("value").select("arm", "metric").iter_rows()
        if arm in ("student", "teacher")
    }
    if any({("student", metric), ("teacher", metric)} <= own for metric in _HELD):
        return None
    return _unscored(held, len(both), rows, kind)


def _without_student(arms: Sequence[str], rows: int) -> Verdict:
    others = [arm for arm in arms if arm != "teacher"]
    said = "Dataset only: nothing was compared, for there is no student among the arms."
    if others and rows:
        said = "Dataset only: there is no student among the arms, so there is nothing to decide; what the others scored stands below."
    return Verdict("dataset only", [said])


def _unscored(held: pl.DataFrame, both: int, rows: int, kind: str) -> Verdict:
    answered = f"Student and teacher both answered {both} of {rows} test rows"
    if kind == "text":
        return Verdict(
            "undecided",
            [
                "Undecided: no metric here applies to free-text answers.",
                f"{answered}. Many wordings are right, and equal letters would say nothing. Have them judged: both stand side "
                "by side in calls.parquet. Or give the task short known answers, or an output schema with fields that can be "
                "compared.",
            ],
        )
    reasons = Counter(reason for reason in held.filter(held["value"].is_null())["reason"] if reason != NO_ANSWER)
    why = reasons.most_common(1)[0][0] if reasons else "nothing to hold them against"
    return Verdict("undecided", [f"Undecided: no metric could score the answers: {why}.", f"{answered}."])
