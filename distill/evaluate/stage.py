"""The stage that evaluates: every arm on the test rows, their scores, and the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import polars as pl

from distill import memory
from distill.atomic_write import write_json, write_parquet
from distill.evaluate.arm_kinds import classifiers, few_shot, gold_student, trained_again
from distill.evaluate.arm_kinds.few_shot import Examples
from distill.evaluate.arms import (
    Answers,
    Arm,
    arms_of,
    call,
    prompt_room,
)
from distill.evaluate.assemble import compared, diagnosed, footprints, with_cascade
from distill.evaluate.comparison import Comparison
from distill.evaluate.judging.stage import judge_tests
from distill.evaluate.previous.student import ask_earlier, earlier_student
from distill.evaluate.probes.stage import probe
from distill.evaluate.scoring import own
from distill.evaluate.selective import calibration
from distill.evaluate.selective import stage as selective
from distill.evaluate.selective.calibration import AskedRows
from distill.records import Json
from distill.student.stage import student_of
from distill.task.run import ActiveRun
from distill.task.stage import stage

if TYPE_CHECKING:
    pass


async def evaluate(run: ActiveRun) -> None:
    """All arms on the test rows, and the verdict."""
    outputs = ["calls.parquet", "scores.parquet", "comparison.json", *selective.outputs(run.task)]
    await stage(run, "evaluate", outputs=outputs, work=_evaluate)


async def _evaluate(run: ActiveRun) -> Mapping[str, Json]:
    task = run.task
    await asyncio.to_thread(own.import_all, task)  # before the arms are asked
    gold, again = await gold_student.trained(run), await trained_again.trained(run)
    student = student_of(task, run.folder)
    earlier = earlier_student(task, run.parent) if run.parent else None
    tests = _tests(run)
    arms = arms_of(task, student=student, gold=gold, examples=_examples(run), again=again)
    apart, arms = await calibration.ask(run, arms)
    asked = [*arms, *([earlier.arm] if earlier and earlier.arm else [])]
    if len(asked) > 1:
        run.watch.say(f"  {tests.height:,} test rows to each in turn: {', '.join(arm.name for arm in asked)}")
    answered, grown = await _in_turn(run, arms, tests)
    draws = await selective.draws_of_tests(run, arms, tests)
    before, notes = await ask_earlier(earlier, tests, run.sender) if earlier else ([], [])
    models = await asyncio.to_thread(classifiers.models, run, earlier.model if earlier else None)
    judged = await judge_tests(run, tests, answered, models)
    known = {**answered, **({"previous": before} if before else {})}
    scores, calls, comparison = await asyncio.to_thread(compared, run, tests, asked, known, models, judged, earlier)
    warnings = [*notes, *comparison.warnings, *gold_student.left_out(run)]
    comparison = replace(comparison, warnings=warnings, footprints=footprints(comparison, asked, models, grown))
    if apart is not None:
        answered_tests = AskedRows(tests, answered, draws)
        comparison = await asyncio.to_thread(
            with_cascade, run, comparison, apart, answered_tests, models.get("student")
        )
    probed = await probe(run, student, tests, calls, scores, metric=comparison.metric)
    comparison = await asyncio.to_thread(diagnosed, run, tests, calls, scores, replace(comparison, probes=probed))
    write_parquet(run.folder / "calls.parquet", calls)
    write_parquet(run.folder / "scores.parquet", scores)
    write_json(run.folder / "comparison.json", asdict(comparison))
    pending = calls.filter(pl.col("ended") == "pending").height + (judged.result.pending if judged else 0)
    return {"verdict": comparison.verdict.word, "unanswered": pending}


async def _in_turn(
    run: ActiveRun, arms: Sequence[Arm], tests: pl.DataFrame
) -> tuple[dict[str, Answers], dict[str, int | None]]:
    """The answers of each arm, and the bytes that a local model took more while it was asked; None where it sent nothing."""
    answered, grown = dict[str, Answers](), dict[str, int | None]()
    for arm in arms:
        sent = run.sender.sends
        with memory.growth() as growth:
            answered[arm.name] = await call(run.task, arm, tests, run.sender)
        grown[arm.name] = growth.bytes if arm.address.local and run.sender.sends > sent else None
    return answered, grown


def _examples(run: ActiveRun) -> Examples | None:
    """The training rows that the base is shown, where that is an arm."""
    if "few_shot" not in run.task.spec.arms:
        return None
    rows = run.scan("samples.parquet").select(few_shot.COLUMNS).collect()
    return few_shot.examples_of(rows, count=run.task.spec.evaluate.few_shot, room=prompt_room(run.task))


def linear_alone(run: ActiveRun) -> Comparison | None:
    """What can be told before the student is trained, and without a call: the linear model on the test rows."""
    models = {name: model for name, model in classifiers.models(run).items() if name == "linear"}
    return compared(run, _tests(run), [], {}, models)[2] if models else None


def _tests(run: ActiveRun) -> pl.DataFrame:
    return run.scan("seeds.parquet").filter(pl.col("role") == "test").collect()
