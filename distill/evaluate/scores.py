"""The scores of the arms by row, and the paired differences of the student to another arm on the rows that both have."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from distill.stats import Estimate, paired_difference, rows_needed

Scores = Mapping[tuple[str, str], Mapping[str, float]]
"""(arm, metric) → seed_id → score, in the order of the ids; rows that could not be scored are left out."""


def scores_by_arm(table: pl.DataFrame) -> Scores:
    """The scores of scores.parquet."""
    scores: dict[tuple[str, str], dict[str, float]] = {}
    for row in table.drop_nulls("value").sort("seed_id").iter_rows(named=True):
        scores.setdefault((row["arm"], row["metric"]), {})[row["seed_id"]] = float(row["value"])
    return scores


def paired(scores: Scores, metric: str, other: str) -> tuple[list[float], list[float]]:
    """The student's scores and those of `other`, on the rows that both have, in one order."""
    student, theirs = scores.get(("student", metric), {}), scores.get((other, metric), {})
    both = sorted(student.keys() & theirs.keys())
    return [student[seed] for seed in both], [theirs[seed] for seed in both]


def paired_gap(scores: Scores, metric: str, other: str) -> Estimate | None:
    """Mean of student minus `other`; None where they have no row in common."""
    student, theirs = paired(scores, metric, other)
    return paired_difference(student, theirs) if student else None


def rows_to_decide(scores: Scores, metric: str, other: str, margin: float) -> int | None:
    """Test rows that would most likely tell whether the student loses more than `margin` to `other`."""
    student, theirs = paired(scores, metric, other)
    return rows_needed([a - b for a, b in zip(student, theirs, strict=True)], margin)
