"""What the student of a run lost on each test row, by stratum: which of them it should have learnt and did not.

A row's loss is how far the student's score lies below the teacher's, by the metric that carries the verdict; what the teacher misses as
well cannot be learnt from it. Where no teacher answered, it is how far the score lies below 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from distill.evaluate.scores import scores_by_arm
from distill.rundir import RunDir, read_json, read_parquet


@dataclass(frozen=True, slots=True)
class Misses:
    """Stratum → the loss on each of its test rows that were scored; none where the run compared no student."""

    metric: str
    losses: dict[str, list[float]]


def misses(run: RunDir) -> Misses:
    """Those of a run whose evaluation is done."""
    if not (run / "scores.parquet").exists() or not (run / "comparison.json").exists():
        return Misses("", {})
    metric = str(read_json(run / "comparison.json", dict).get("metric", ""))
    scores = scores_by_arm(read_parquet(run / "scores.parquet"))
    student, teacher = scores.get(("student", metric), {}), scores.get(("teacher", metric), {})
    seeds = read_parquet(run / "seeds.parquet", ["seed_id", "stratum", "role"]).filter(pl.col("role") == "test")
    losses: dict[str, list[float]] = {}
    for seed, stratum in sorted(seeds.select("seed_id", "stratum").iter_rows()):
        if seed in student:
            best = teacher.get(seed, 1.0)
            losses.setdefault(stratum, []).append(min(1.0, max(0.0, best - student[seed])))
    return Misses(metric, losses)
