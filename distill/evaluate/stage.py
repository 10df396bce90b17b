"""The stage that evaluates: every arm on the test rows, their scores, and the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import polars as pl

from distill.atomic_write import write_json, write_parquet
from distill.evaluate.arms import Answers, Arm, arms_of, call, calls_table, rules_of, teacher_is_base
from distill.evaluate.comparison import Comparison, compare
from distill.evaluate.labels.confusion import field_labels
from distill.evaluate.previous.agreement import against_teacher, by_teacher, other_teacher
from distill.evaluate.previous.student import EarlierStudent, ask_earlier, earlier_student
from distill.evaluate.scoring import own
from distill.evaluate.scoring.explain import explained
from distill.evaluate.scoring.table import scores_table
from distill.records import Json
from distill.student import linear
from distill.student.stage import linear_student, student_of, train_linear
from distill.student.trainers.linear import FEWEST_ROWS
from distill.task.run import ActiveRun
from distill.task.stage import stage
from distill.values import rules as value_rules

if TYPE_CHECKING:
    from distill.student.trainers.linear import LinearModel
    from distill.task.task import Task


async def evaluate(run: ActiveRun) -> None:
    """All arms on the test rows, and the verdict."""
    await stage(run, "evaluate", outputs=["calls.parquet", "scores.parquet", "comparison.json"], work=_evaluate)


async def _evaluate(run: ActiveRun) -> Mapping[str, Json]:
    task = run.task
    await asyncio.to_thread(own.import_all, task)  # before the arms are asked
    student = student_of(task, run.folder)
    earlier = earlier_student(task, run.parent) if run.parent else None
    tests = _tests(run)
    arms = arms_of(task, student=student)
    asked = [*arms, *([earlier.arm] if earlier and earlier.arm else [])]
    if len(asked) > 1:
        run.watch.say(f"  {tests.height:,} test rows to each in turn: {', '.join(arm.name for arm in asked)}")
    answered = {arm.name: await call(task, arm, tests, run.sender) for arm in arms}
    before, notes = await ask_earlier(earlier, tests, run.sender) if earlier else ([], [])
    models = await asyncio.to_thread(_linear_models, run, earlier)
    known = {**answered, **({"previous": before} if before else {})}
    scores, calls, comparison = await asyncio.to_thread(_compared, task, tests, asked, known, models, earlier)
    comparison = replace(comparison, warnings=[*notes, *comparison.warnings])
    write_parquet(run.folder / "calls.parquet", calls)
    write_parquet(run.folder / "scores.parquet", scores)
    write_json(run.folder / "comparison.json", asdict(comparison))
    return {"verdict": comparison.verdict.word, "unanswered": calls.filter(pl.col("ended") == "pending").height}


def linear_alone(run: ActiveRun) -> Comparison | None:
    """What can be told before the student is trained, and without a call: the linear model on the test rows."""
    models = {name: model for name, model in _linear_models(run).items() if name == "linear"}
    return _compared(run.task, _tests(run), [], {}, models)[2] if models else None


def _tests(run: ActiveRun) -> pl.DataFrame:
    return run.scan("seeds.parquet").filter(pl.col("role") == "test").collect()


def _compared(
    task: Task,
    tests: pl.DataFrame,
    arms: Sequence[Arm],
    answers: Mapping[str, Answers],
    models: Mapping[str, LinearModel],
    earlier: EarlierStudent | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame, Comparison]:
    """(scores, calls, comparison) of the arms that were called and of the linear models."""
    answered = {**answers, **{name: linear.answers(model, tests, task.output) for name, model in models.items()}}
    lacking = [field for model in models.values() for field in linear.unanswered_fields(model, task.output)]
    rules = rules_of(task, tests, answered)
    scores = scores_table(task, tests, answered, rules)
    calls = calls_table(answered, [arm.name for arm in arms if arm.address.price is None])
    comparison = compare(
        scores, calls, tests, margin=task.spec.evaluate.margin, kind=rules.kind, asked=list(answered),
        fields=value_rules.names(task.output), decide_by=task.spec.evaluate.decide_by, teacher_is_base="prompted_base" in task.spec.arms and teacher_is_base(task),
    )  # fmt: skip
    warnings = [
        *rules.notes, *_lacking(list(dict.fromkeys(lacking))), *_left_out(task, models), *comparison.warnings,
    ]  # fmt: skip
    texts = {
        arm: {seed: one.said for seed, one in found if one is not None and one.ok} for arm, found in answered.items()
    }
    labels = field_labels(rules, texts, dict(tests.select("seed_id", "input").iter_rows()), task.output)
    found = replace(comparison, warnings=warnings, labels=labels, scored_by=explained(task.spec, rules))
    return scores, calls, _beside(found, task, tests, answered, earlier) if earlier else found


def _beside(
    found: Comparison, task: Task, tests: pl.DataFrame, answered: Mapping[str, Answers], earlier: EarlierStudent
) -> Comparison:
    """The comparison where the earlier student learnt from another teacher: agreement with the new one alone says nothing of the two."""
    if not other_teacher(answered, earlier.folder, tests):
        return found
    fair = [gap for gap in found.differences if gap.b != "previous" or not against_teacher(gap.metric)]
    both = by_teacher(task, tests, answered, earlier.folder, found.metric)
    return replace(found, differences=fair, by_teacher=both)


def _linear_models(run: ActiveRun, earlier: EarlierStudent | None = None) -> dict[str, LinearModel]:
    """Arm → the linear model that answers for it; none where answers are not closed."""
    task = run.task
    found: dict[str, LinearModel | None] = {}
    if student := linear_student(task, run.folder):
        found["student"] = student
    elif "linear" in task.spec.arms:
        found["linear"] = train_linear(run)
    if earlier is not None:
        found["previous"] = earlier.model
    return {name: model for name, model in found.items() if model is not None}


def _lacking(fields: Sequence[str]) -> list[str]:
    """What is said where a linear model leaves fields of an answer open."""
    if not fields:
        return []
    return [
        f"the linear model answers without {', '.join(f'`{name}`' for name in fields)}: it learns values that come again, and no free text"
    ]


def _left_out(task: Task, models: Mapping[str, LinearModel]) -> list[str]:
    """What is said where the linear arm is asked for by name, and no such model could be trained."""
    if "linear" not in (task.spec.evaluate.arms or ()) or models.keys() & {"linear", "student"}:
        return []
    return [
        f"the linear model is left out: no field of the training rows has values that come again, or they are fewer than {FEWEST_ROWS}"
    ]
