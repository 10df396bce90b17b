"""Student and teacher on the test rows with one value of a label."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from distill.evaluate.scores import Scores, mean_of, paired_gap
from distill.stats import Estimate


@dataclass(frozen=True, slots=True)
class LabelScores:
    """Student and teacher on the test rows with one value of a label; None where none was scored."""

    value: str
    student: Estimate | None
    teacher: Estimate | None
    gap: Estimate | None = None
    """Student minus teacher, row by row."""


def by_label(scores: Scores, metric: str, tests: pl.DataFrame) -> dict[str, list[LabelScores]]:
    """By label and value; a label that is the same on all rows, as one that chose them, tells nothing beside others."""
    if "labels" not in tests.columns:
        return {}
    seeds: dict[str, dict[str, list[str]]] = {}
    for seed, labels in tests.select("seed_id", "labels").sort("seed_id").iter_rows():
        for label, value in json.loads(labels or "{}").items():
            seeds.setdefault(label, {}).setdefault(str(value), []).append(seed)
    student, teacher = (scores.get((arm, metric), {}) for arm in ("student", "teacher"))
    return {
        label: [
            LabelScores(value, mean_of(student, rows), mean_of(teacher, rows), _gap(scores, metric, rows))
            for value, rows in sorted(values.items())
        ]
        for label, values in seeds.items()
        if len(values) > 1 or len(seeds) == 1
    }


def _gap(scores: Scores, metric: str, seeds: Sequence[str]) -> Estimate | None:
    there = set(seeds)
    alone = {
        (arm, metric): {seed: value for seed, value in scores.get((arm, metric), {}).items() if seed in there}
        for arm in ("student", "teacher")
    }
    return paired_gap(alone, metric, "teacher")
