"""The scores of the arms by row, and the paired differences of the student to another arm on the rows that both have."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import polars as pl

from distill.evaluate.metrics.names import against_teacher, right
from distill.stats import Estimate, RowsRange, mean_interval, paired_difference, rows_needed
from distill.stats.score_interval import Z

Scores = Mapping[tuple[str, str], Mapping[str, float]]
"""(arm, metric) → seed_id → score, in the order of the ids; rows that could not be scored are left out."""
STUDENT = "student"
TRAINING = "student training "
"""What further trainings of the student by other seeds are called among the arms, before their number."""
ALONE: Mapping[str, str] = MappingProxyType({})
"""No two test rows belong together."""


def scores_by_arm(table: pl.DataFrame) -> Scores:
    """The scores of scores.parquet."""
    scores: dict[tuple[str, str], dict[str, float]] = {}
    for row in table.drop_nulls("value").sort("seed_id").iter_rows(named=True):
        scores.setdefault((row["arm"], row["metric"]), {})[row["seed_id"]] = float(row["value"])
    return scores


def of_rows(clusters: Mapping[str, str], seeds: Iterable[str]) -> list[str]:
    """The cluster of each of some rows; one that is alone has a name of its own."""
    return [clusters.get(seed, f"alone:{seed}") for seed in seeds]


def mean_of(scores: Mapping[str, float], seeds: Iterable[str], clusters: Mapping[str, str] = ALONE) -> Estimate | None:
    """The mean over those of `seeds` that have a score; None without any."""
    there = [seed for seed in seeds if seed in scores]
    return mean_interval([scores[seed] for seed in there], of_rows(clusters, there)) if there else None


def student_mean(
    scores: Scores, metric: str, seeds: Iterable[str], clusters: Mapping[str, str] = ALONE
) -> Estimate | None:
    """The same of the student, with what its trainings differ."""
    there = [seed for seed in seeds if seed in scores.get((STUDENT, metric), {})]
    found = mean_of(scores.get((STUDENT, metric), {}), there, clusters)
    return None if found is None else _with_trainings(found, scores, metric, there, (0.0, 1.0))


def trainings(scores: Scores, metric: str) -> list[Mapping[str, float]]:
    """The scores of each training of the student, where there are several; none where there is one."""
    return [scores[arm, name] for arm, name in sorted(scores) if name == metric and arm.startswith(TRAINING)]


def both_have(scores: Scores, metric: str, other: str) -> list[str]:
    """The rows that the student and `other` have a score of, in order."""
    return sorted(scores.get(("student", metric), {}).keys() & scores.get((other, metric), {}).keys())


def paired(scores: Scores, metric: str, other: str) -> tuple[list[float], list[float]]:
    """The student's scores and those of `other`, on the rows that both have, in one order."""
    both = both_have(scores, metric, other)
    return [scores["student", metric][seed] for seed in both], [scores[other, metric][seed] for seed in both]


def paired_gap(scores: Scores, metric: str, other: str, clusters: Mapping[str, str] = ALONE) -> Estimate | None:
    """Mean of student minus `other`; None where they have no row in common."""
    student, theirs = paired(scores, metric, other)
    if not student:
        return None
    rows, top = both_have(scores, metric, other), most(metric, other)
    found = paired_difference(student, theirs, of_rows(clusters, rows), highest=top)
    return _with_trainings(found, scores, metric, rows, (-1.0, top))


def _with_trainings(
    found: Estimate, scores: Scores, metric: str, rows: Sequence[str], ends: tuple[float, float]
) -> Estimate:
    """An interval of the student with the variance of its trainings' means in it, over their number; as it is where there is one training."""
    each = trainings(scores, metric)
    if len(each) < 2 or not rows:
        return found
    means = [math.fsum(one[seed] for seed in rows) / len(rows) for one in each]
    more = Z**2 * statistics.variance(means) / len(means)
    low = found.mean - math.sqrt((found.mean - found.low) ** 2 + more)
    high = found.mean + math.sqrt((found.high - found.mean) ** 2 + more)
    return Estimate(found.mean, max(ends[0], low), min(max(ends[1], found.mean), high), found.n)


def most(metric: str, other: str) -> float:
    """By how much the student can be better: not at all, where the other is held against itself."""
    return 0.0 if other == "teacher" and against_teacher(metric) else 1.0


def right_of(scores: Scores, metric: str) -> str:
    """The metric that says how often the teacher is right, where `metric` carries the verdict; empty where none does."""
    return right(metric, {name for arm, name in scores if arm == "teacher"})


def rows_to_decide(
    scores: Scores, metric: str, other: str, margin: float, clusters: Mapping[str, str] = ALONE
) -> RowsRange | None:
    """Test rows that would most likely tell whether the student loses more than `margin` to `other`."""
    student, theirs = paired(scores, metric, other)
    together = of_rows(clusters, both_have(scores, metric, other))
    return rows_needed([a - b for a, b in zip(student, theirs, strict=True)], margin, together)
