"""The stage that evaluates: every arm on the test rows, their scores, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from distill.rundir import write_json, write_parquet
from distill.task.stage import Run, key_of, settings_of, stage
from distill.teacher.endpoint.address import Address
from distill.values import rules


async def evaluate(run: Run, student: Address | None, previous: Address | None) -> None:
    """All arms on the test rows, and the verdict."""
    project = run.project
    settings = {
        **settings_of(project, "evaluate"),
        "prompts": [project.teacher_prompt.turns, project.student_prompt.turns],
        "teacher": key_of(project)[0],
        "base": project.base.identity,
        "student": student.identity if student else None,
        "previous": previous.identity if previous else None,
        "output": project.output,
        "tools": project.tools,
    }
    outputs = ["calls.parquet", "scores.parquet", "comparison.json"]
    work = partial(_evaluate, student=student, previous=previous)
    await stage(run, "evaluate", settings=settings, inputs=["seeds.parquet"], outputs=outputs, work=work)


async def _evaluate(run: Run, *, student: Address | None, previous: Address | None) -> Mapping[str, Any]:
    import polars as pl

    from distill.evaluate import arms as comparing
    from distill.evaluate.comparison import compare

    project = run.project
    tests = run.scan("seeds.parquet").filter(pl.col("role") == "test").collect()
    answered = {}
    arms = comparing.arms(project, student=student, previous=previous)
    for arm in arms:
        answered[arm.name] = await comparing.call(project, arm, tests, run.sender)
    unpriced = [arm.name for arm in arms if arm.address.price is None]
    how = comparing.planned(project, tests, answered)
    scores, calls = comparing.tables(project, tests, answered, how, unpriced)
    write_parquet(run.folder / "calls.parquet", calls)
    write_parquet(run.folder / "scores.parquet", scores)
    comparison = compare(
        scores, calls, tests, margin=project.spec.evaluate.margin, kind=how.kind, notes=how.notes,
        asked=[arm.name for arm in arms], fields=rules.names(project.output),
    )  # fmt: skip
    write_json(run.folder / "comparison.json", comparison)
    return {
        "verdict": comparison["verdict"]["word"],
        "unanswered": int(calls.filter(pl.col("ended") == "owed").height),
    }
