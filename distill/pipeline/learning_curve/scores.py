"""The answers of all points, scored on the same test rows by the run's metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from distill.errors import GateNotMet
from distill.evaluate.arms import Answers, rules_of
from distill.evaluate.curve.intervals import Floats
from distill.evaluate.evidence.clusters import clusters_of
from distill.evaluate.metrics import measure
from distill.evaluate.metrics.names import PRIMARY
from distill.evaluate.scores import of_rows, scores_by_arm
from distill.evaluate.scoring.table import scores_table
from distill.pipeline.learning_curve.points import Trained
from distill.records import Answer, Ended
from distill.rundir import RunDir, read_json, read_parquet

if TYPE_CHECKING:
    import polars as pl

    from distill.task.task import Task


@dataclass(frozen=True, slots=True)
class CurveScores:
    """`values` are (points, seeds, rows) in 0..1: only rows that every training has a score on."""

    metric: str
    measure: str
    values: Floats
    clusters: Sequence[str] | None = None
    """Of each row the cluster that it is in, as `clusters_of` finds them."""


def scored(task: Task, folder: RunDir, tests: pl.DataFrame, points: Sequence[Sequence[Trained]]) -> CurveScores:
    """The scores of `points`, each with its seeds in order; GateNotMet where nothing scores these answers."""
    answered: dict[str, Answers] = {_arm(at, one): one.answers for at, seeds in enumerate(points) for one in seeds}
    rules = rules_of(task, tests, answered | {"teacher": teacher_answers(folder)})
    table = scores_by_arm(scores_table(task, tests, answered | {"teacher": teacher_answers(folder)}, rules))
    for metric in _metrics(folder):
        found = [[table.get((_arm(at, one), metric), {}) for one in seeds] for at, seeds in enumerate(points)]
        shared = sorted(set.intersection(*(set(one) for seeds in found for one in seeds)))
        if shared:
            values = [[[one[row] for row in shared] for one in seeds] for seeds in found]
            together = of_rows(clusters_of(tests), shared)
            return CurveScores(metric, measure(metric, rules.kind), np.asarray(values, dtype=np.float64), together)
    raise GateNotMet(
        f"nothing scores the answers to the {tests.height:,} test rows of {folder.name}: they have no known answer, no answer of the teacher, or are "
        "free text; give known answers (seeds.gold) or a schema with fields that can be compared"
    )


def teacher_answers(folder: RunDir) -> Answers:
    """What the teacher answered to the test rows when the run was compared; nothing where it was not."""
    path = folder / "calls.parquet"
    if not path.exists():
        return []
    calls = read_parquet(path).filter(arm="teacher", ended="ok")
    return [(seed, Answer("", Ended.OK, text)) for seed, text in calls.select("seed_id", "text").iter_rows()]


def _metrics(folder: RunDir) -> list[str]:
    """The metric of the run's own comparison first."""
    path = folder / "comparison.json"
    own = [str(read_json(path, dict, needs="metric")["metric"])] if path.exists() else []
    return list(dict.fromkeys([*own, *PRIMARY]))


def _arm(at: int, one: Trained) -> str:
    return f"{at}/{one.name.seed}"
