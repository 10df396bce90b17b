"""The stage that evaluates: every arm on the test rows, their scores, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distill.rundir import write_json, write_parquet
from distill.student import stage as teaching
from distill.task.run import ActiveRun
from distill.task.stage import stage
from distill.values import rules


async def evaluate(run: ActiveRun) -> None:
    """All arms on the test rows, and the verdict."""
    await stage(run, "evaluate", outputs=["calls.parquet", "scores.parquet", "comparison.json"], work=_evaluate)


async def _evaluate(run: ActiveRun) -> Mapping[str, Any]:
    import polars as pl

    from distill.evaluate import arms as comparing
    from distill.evaluate.comparison import compare

    task = run.task
    student = teaching.student_of(task, run.folder)
    previous = teaching.student_of(task, run.parent) if run.parent else None
    tests = run.scan("seeds.parquet").filter(pl.col("role") == "test").collect()
    answered = {}
    arms = comparing.arms(task, student=student, previous=previous)
    for arm in arms:
        answered[arm.name] = await comparing.call(task, arm, tests, run.sender)
    unpriced = [arm.name for arm in arms if arm.address.price is None]
    how = comparing.planned(task, tests, answered)
    scores, calls = comparing.tables(task, tests, answered, how, unpriced)
    write_parquet(run.folder / "calls.parquet", calls)
    write_parquet(run.folder / "scores.parquet", scores)
    comparison = compare(
        scores, calls, tests, margin=task.spec.evaluate.margin, kind=how.kind, notes=how.notes,
        asked=[arm.name for arm in arms], fields=rules.names(task.output),
    )  # fmt: skip
    write_json(run.folder / "comparison.json", comparison)
    return {
        "verdict": comparison["verdict"]["word"],
        "unanswered": int(calls.filter(pl.col("ended") == "owed").height),
    }
