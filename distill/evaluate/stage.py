"""The stage that evaluates: every arm on the test rows, their scores, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from distill.atomic_write import write_json, write_parquet
from distill.student.stage import student_of
from distill.task.run import ActiveRun
from distill.task.stage import stage
from distill.values import rules as value_rules


async def evaluate(run: ActiveRun) -> None:
    """All arms on the test rows, and the verdict."""
    await stage(run, "evaluate", outputs=["calls.parquet", "scores.parquet", "comparison.json"], work=_evaluate)


async def _evaluate(run: ActiveRun) -> Mapping[str, Any]:
    import polars as pl

    from distill.evaluate.arms import arms_of, call, calls_table, rules_of, scores_table
    from distill.evaluate.comparison import compare

    task = run.task
    student = student_of(task, run.folder)
    previous = student_of(task, run.parent) if run.parent else None
    tests = run.scan("seeds.parquet").filter(pl.col("role") == "test").collect()
    arms = arms_of(task, student=student, previous=previous)
    answered = {arm.name: await call(task, arm, tests, run.sender) for arm in arms}
    rules = rules_of(task, tests, answered)
    scores = scores_table(task, tests, answered, rules)
    calls = calls_table(answered, [arm.name for arm in arms if arm.address.price is None])
    write_parquet(run.folder / "calls.parquet", calls)
    write_parquet(run.folder / "scores.parquet", scores)
    comparison = compare(
        scores, calls, tests, margin=task.spec.evaluate.margin, kind=rules.kind, notes=rules.notes,
        asked=[arm.name for arm in arms], fields=value_rules.names(task.output),
    )  # fmt: skip
    write_json(run.folder / "comparison.json", asdict(comparison))
    return {"verdict": comparison.verdict.word, "unanswered": calls.filter(pl.col("ended") == "pending").height}
