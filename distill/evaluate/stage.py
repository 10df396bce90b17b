"""The stage that evaluates: every arm on the test rows, their scores, and the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import polars as pl

from distill import memory
from distill.atomic_write import write_json, write_parquet
from distill.evaluate import cautions
from distill.evaluate.arm_kinds import classifiers, few_shot, footprint, gold_student, rivals
from distill.evaluate.arm_kinds.few_shot import Examples
from distill.evaluate.arm_kinds.footprint import Footprint
from distill.evaluate.arm_kinds.rivals import RivalResult
from distill.evaluate.arms import (
    Answers,
    Arm,
    arms_of,
    asked_once,
    call,
    calls_table,
    prompt_room,
    rules_of,
    teacher_is_base,
)
from distill.evaluate.comparison import Comparison, compare
from distill.evaluate.diagnosis.measured import ComparedVerdict
from distill.evaluate.diagnosis.stage import diagnosis
from distill.evaluate.evidence.ceiling import read_marks
from distill.evaluate.judging.sentences import judge_sentences, judge_warnings
from distill.evaluate.judging.stage import JudgedTests, judge_tests
from distill.evaluate.labels.confusion import field_labels
from distill.evaluate.probes.stage import probe
from distill.evaluate.scoring import own
from distill.evaluate.scoring.explain import explained
from distill.evaluate.scoring.table import scores_table
from distill.evaluate.selective import calibration
from distill.evaluate.selective import stage as selective
from distill.evaluate.selective.calibration import AskedRows
from distill.evaluate.selective.sentences import sentences
from distill.records import Json
from distill.stats import Estimate
from distill.student import linear
from distill.student.stage import student_of
from distill.task.run import ActiveRun
from distill.task.stage import stage
from distill.values import rules as value_rules

if TYPE_CHECKING:
    from distill.evaluate.diagnosis.result import Diagnosis
    from distill.student.linear import Classifier
    from distill.task.task import Task


async def evaluate(run: ActiveRun) -> None:
    """All arms on the test rows, and the verdict."""
    outputs = ["calls.parquet", "scores.parquet", "comparison.json", *selective.outputs(run.task)]
    await stage(run, "evaluate", outputs=outputs, work=_evaluate)


async def _evaluate(run: ActiveRun) -> Mapping[str, Json]:
    task = run.task
    await asyncio.to_thread(own.import_all, task)  # before the arms are asked
    gold = await gold_student.trained(run)
    student = student_of(task, run.folder)
    previous = student_of(task, run.parent) if run.parent else None
    tests = _tests(run)
    arms = arms_of(task, student=student, previous=previous, gold=gold, examples=_examples(run))
    apart, arms = await calibration.ask(run, arms)
    if len(arms) > 1:
        run.watch.say(f"  {tests.height:,} test rows to each in turn: {', '.join(arm.name for arm in arms)}")
    answered, grown = dict[str, Answers](), dict[str, int | None]()
    for arm in arms:
        sent = run.sender.sends
        with memory.growth() as growth:
            answered[arm.name] = await call(task, arm, tests, run.sender)
        grown[arm.name] = growth.bytes if arm.address.local and run.sender.sends > sent else None
    draws = await selective.draws_of_tests(run, arms, tests)
    models = await asyncio.to_thread(classifiers.models, run)
    judged = await judge_tests(run, tests, answered, models)
    scores, calls, comparison = await asyncio.to_thread(_compared, run, tests, arms, answered, models, judged)
    warnings = [*comparison.warnings, *gold_student.left_out(run)]
    comparison = replace(comparison, warnings=warnings, footprints=_footprints(comparison, arms, models, grown))
    if apart is not None:
        answered_tests = AskedRows(tests, answered, draws)
        comparison = await asyncio.to_thread(
            _with_cascade, run, comparison, apart, answered_tests, models.get("student")
        )
    comparison = replace(comparison, probes=await probe(run, student, tests, calls, scores, metric=comparison.metric))
    comparison = replace(
        comparison, diagnosis=await asyncio.to_thread(_diagnosed, run, tests, calls, scores, comparison)
    )
    write_parquet(run.folder / "calls.parquet", calls)
    write_parquet(run.folder / "scores.parquet", scores)
    write_json(run.folder / "comparison.json", asdict(comparison))
    pending = calls.filter(pl.col("ended") == "pending").height + (judged.result.pending if judged else 0)
    return {"verdict": comparison.verdict.word, "unanswered": pending}


def _examples(run: ActiveRun) -> Examples | None:
    """The training rows that the base is shown, where that is an arm."""
    if "few_shot" not in run.task.spec.arms:
        return None
    rows = run.scan("samples.parquet").select(few_shot.COLUMNS).collect()
    return few_shot.examples_of(rows, count=run.task.spec.evaluate.few_shot, room=prompt_room(run.task))


def _footprints(
    comparison: Comparison, arms: Sequence[Arm], models: Mapping[str, Classifier], grown: Mapping[str, int | None]
) -> dict[str, Footprint]:
    """What each arm takes; a classifier's memory is that of its file, all of which it holds."""
    sizes = {arm.name: footprint.bytes_of(arm.address) for arm in arms}
    sizes |= {name: footprint.bytes_of_classifier(model) for name, model in models.items()}
    held = {**grown, **{name: footprint.bytes_held(model) for name, model in models.items()}}
    return {
        name: Footprint(
            size_mb=_scaled(sizes.get(name), 1e-6, 2),
            memory_mb=_scaled(held.get(name), 1e-6, 2),
            latency_p50_ms=_scaled(arm.latency_p50_s, 1e3, 3),
            latency_p95_ms=_scaled(arm.latency_p95_s, 1e3, 3),
            usd_per_1000=arm.usd_per_1000,
        )
        for name, arm in comparison.arms.items()
    }


def _diagnosed(
    run: ActiveRun, tests: pl.DataFrame, calls: pl.DataFrame, scores: pl.DataFrame, found: Comparison
) -> Diagnosis | None:
    prompted = "teacher" if teacher_is_base(run.task) else "prompted_base"
    return diagnosis(
        run, tests, calls, scores,
        ComparedVerdict(found.verdict.word, found.metric, found.margin, found.verdict.rows_needed, found.probes, prompted),
    )  # fmt: skip


def linear_alone(run: ActiveRun) -> Comparison | None:
    """What can be told before the student is trained, and without a call: the linear model on the test rows."""
    models = {name: model for name, model in classifiers.models(run).items() if name == "linear"}
    return _compared(run, _tests(run), [], {}, models)[2] if models else None


def _tests(run: ActiveRun) -> pl.DataFrame:
    return run.scan("seeds.parquet").filter(pl.col("role") == "test").collect()


def _compared(
    run: ActiveRun,
    tests: pl.DataFrame,
    arms: Sequence[Arm],
    answers: Mapping[str, Answers],
    models: Mapping[str, Classifier],
    judged: JudgedTests | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame, Comparison]:
    """(scores, calls, comparison) of the arms that were called and of the linear models."""
    task = run.task
    answered = {**answers, **{name: linear.answers(model, tests, task.output) for name, model in models.items()}}
    lacking = [field for model in models.values() for field in linear.unanswered_fields(model, task.output)]
    rules = rules_of(task, tests, answered)
    scores = scores_table(task, tests, answered, rules)
    scores = pl.concat([scores, judged.scores]).sort("arm", "metric", "seed_id") if judged else scores
    calls = calls_table(answered, [arm.name for arm in arms if arm.address.price is None])
    comparison = compare(
        scores, calls, tests, margin=task.spec.evaluate.margin, kind=rules.kind, asked=list(answered), marks=read_marks(run.folder),
        fields=value_rules.names(task.output), decide_by=task.spec.evaluate.decide_by,
        teacher_is_base="prompted_base" in task.spec.arms and teacher_is_base(task),
    )  # fmt: skip
    pairs = asked_once(task, arms, tests)
    warnings = [
        *rules.notes, *classifiers.lacking(list(dict.fromkeys(lacking))), *classifiers.left_out(task, models),
        *rivals.same_calls(pairs), *comparison.warnings,
        *([] if task.spec.seeds.test.from_ else cautions.odd_rows(run.scan("seeds.parquet").select("role", "cluster").collect())),
    ]  # fmt: skip
    told = replace(comparison.verdict, sentences=[*comparison.verdict.sentences, *_of_rivals(task, comparison, pairs)])
    texts = {
        arm: {seed: one.said for seed, one in found if one is not None and one.ok} for arm, found in answered.items()
    }
    labels = field_labels(rules, texts, dict(tests.select("seed_id", "input").iter_rows()), task.output)
    found = replace(comparison, warnings=warnings, verdict=told, labels=labels, scored_by=explained(task.spec, rules))
    return scores, calls, _with_judging(found, judged) if judged else found


def _with_judging(comparison: Comparison, judged: JudgedTests) -> Comparison:
    """The comparison with what the judges found, said behind the verdict."""
    found = judged.result
    told = replace(comparison.verdict, sentences=[*comparison.verdict.sentences, *judge_sentences(found)])
    return replace(comparison, judging=found, verdict=told, warnings=[*comparison.warnings, *judge_warnings(found)])


def _with_cascade(
    run: ActiveRun, comparison: Comparison, apart: AskedRows, tests: AskedRows, model: Classifier | None
) -> Comparison:
    """The comparison with what the student answers alone, said behind the verdict."""
    if model is not None:
        tests = replace(
            tests, answered={**tests.answered, "student": linear.answers(model, tests.rows, run.task.output)}
        )
    usd = {name: arm.usd_per_1000 for name, arm in comparison.arms.items()}
    found = selective.selective(run, apart, tests, model, usd)
    said = [*comparison.verdict.sentences, *sentences(found)]
    return replace(comparison, selective=found, verdict=replace(comparison.verdict, sentences=said))


def _of_rivals(task: Task, found: Comparison, same: Collection[str]) -> list[str]:
    """What the verdict says of a rival that is as good as the student, and cheaper; nothing of one that is the teacher itself."""
    gaps = {gap.b: gap for gap in found.differences if gap.metric == found.metric}
    results = [
        RivalResult(
            name, model.address.model, Estimate(gap.mean, gap.low, gap.high, gap.n), found.arms[name].usd_per_1000
        )
        for name, model in task.rivals.items()
        if name not in same and (gap := gaps.get(name)) is not None
    ]
    prices = {name: arm.usd_per_1000 for name, arm in found.arms.items()}
    said = rivals.sentence(
        results, margin=found.margin, student_usd=prices.get("student"), teacher_usd=prices.get("teacher")
    )
    return [said] if said else []


def _scaled(value: float | None, by: float, places: int) -> float | None:
    return None if value is None else round(value * by, places)
