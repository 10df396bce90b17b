"""The diagnosis of a run: its tables, read once and held against the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from distill.evaluate.diagnosis.diagnose import diagnose
from distill.evaluate.diagnosis.measured import ComparedVerdict, Tables, measured
from distill.student import stage as student_stage

if TYPE_CHECKING:
    from distill.evaluate.diagnosis.result import Diagnosis
    from distill.task.run import ActiveRun

_TRAIN = ["fate", "input", "labels", "request_id"]


def diagnosis(
    run: ActiveRun, tests: pl.DataFrame, calls: pl.DataFrame, scores: pl.DataFrame, compared: ComparedVerdict
) -> Diagnosis | None:
    """What the run's verdict comes from; None where no student was compared."""
    if "student" not in calls["arm"].unique():
        return None
    samples, seeds = run.scan("samples.parquet").select(_TRAIN), run.scan("seeds.parquet").select("role", "labels")
    tables = Tables(
        tests=tests, pool=seeds.filter(pl.col("role") == "train").collect(),
        train=samples.filter(pl.col("fate") == "train").collect(), scores=scores, calls=calls,
        losses=student_stage.losses(run.folder),
    )  # fmt: skip
    way, wanted = run.task.spec.student.train, run.task.spec.seeds.test
    return diagnose(
        measured(
            tables, compared, epochs=way.epochs, linear=way.classifier, hosted=way.with_ == "hosted", test_share=wanted.share is not None,
            test_file=wanted.from_ or "",
        )
    )  # fmt: skip
