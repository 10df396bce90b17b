"""Answers of all arms → their scores, and the comparison with all that stands beside it: labels, rivals, judges, cascade, diagnosis."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from distill.evaluate import cautions
from distill.evaluate.arm_kinds import classifiers, footprint, rivals
from distill.evaluate.arm_kinds.footprint import Footprint
from distill.evaluate.arm_kinds.rivals import RivalResult
from distill.evaluate.arms import (
    Answers,
    Arm,
    asked_once,
    calls_table,
    rules_of,
    teacher_is_base,
)
from distill.evaluate.comparison import AnswersCompared, Comparison, compare
from distill.evaluate.diagnosis.measured import ComparedVerdict
from distill.evaluate.diagnosis.stage import diagnosis
from distill.evaluate.evidence.ceiling import read_marks
from distill.evaluate.evidence.clusters import clusters_of
from distill.evaluate.judging.sentences import judge_sentences, judge_warnings
from distill.evaluate.judging.stage import JudgedTests
from distill.evaluate.labels.confusion import field_labels
from distill.evaluate.previous.agreement import against_teacher, by_teacher, other_teacher
from distill.evaluate.previous.student import EarlierStudent
from distill.evaluate.scoring.explain import explained
from distill.evaluate.scoring.table import scores_table
from distill.evaluate.selective import stage as selective
from distill.evaluate.selective.calibration import AskedRows
from distill.evaluate.selective.sentences import sentences
from distill.stats import Estimate
from distill.student import linear
from distill.task.run import ActiveRun
from distill.values import rules as value_rules

if TYPE_CHECKING:
    from distill.evaluate.fields import FieldRules
    from distill.evaluate.labels.result import FieldLabels
    from distill.student.linear import Classifier
    from distill.task.task import Task


def compared(
    run: ActiveRun,
    tests: pl.DataFrame,
    arms: Sequence[Arm],
    answers: Mapping[str, Answers],
    models: Mapping[str, Classifier],
    judged: JudgedTests | None = None,
    earlier: EarlierStudent | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame, Comparison]:
    """(scores, calls, comparison) of the arms that were called and of the linear models."""
    task = run.task
    answered = {**answers, **{name: linear.answers(model, tests, task.output) for name, model in models.items()}}
    lacking = [field for model in models.values() for field in linear.unanswered_fields(model, task.output)]
    rules = rules_of(task, tests, answered)
    scores = scores_table(task, tests, answered, rules)
    scores = pl.concat([scores, judged.scores]).sort("arm", "metric", "seed_id") if judged else scores
    calls = calls_table(answered, [arm.name for arm in arms if arm.address.price is None])
    about = AnswersCompared(
        rules.kind, value_rules.names(task.output), task.spec.evaluate.decide_by,
        teacher_is_base="prompted_base" in task.spec.arms and teacher_is_base(task),
    )  # fmt: skip
    comparison = compare(
        scores, calls, tests, margin=task.spec.evaluate.margin, asked=list(answered), answers=about, marks=read_marks(run.folder)
    )  # fmt: skip
    pairs = asked_once(task, arms, tests)
    warnings = [
        *rules.notes, *classifiers.lacking(list(dict.fromkeys(lacking))), *classifiers.left_out(task, models),
        *rivals.same_calls(pairs), *comparison.warnings,
        *([] if task.spec.seeds.test.from_ else cautions.odd_rows(run.scan("seeds.parquet").select("role", "cluster").collect())),
    ]  # fmt: skip
    told = replace(comparison.verdict, sentences=[*comparison.verdict.sentences, *_of_rivals(task, comparison, pairs)])
    labels = _labels(rules, task, tests, answered)
    found = replace(comparison, warnings=warnings, verdict=told, labels=labels, scored_by=explained(task.spec, rules))
    found = _beside(found, task, tests, answered, earlier) if earlier else found
    return scores, calls, _with_judging(found, judged) if judged else found


def _labels(rules: FieldRules, task: Task, tests: pl.DataFrame, answered: Mapping[str, Answers]) -> list[FieldLabels]:
    texts = {
        arm: {seed: one.said for seed, one in found if one is not None and one.ok} for arm, found in answered.items()
    }
    inputs = dict(tests.select("seed_id", "input").iter_rows())
    return field_labels(rules, texts, inputs, task.output, clusters_of(tests))


def _beside(
    found: Comparison, task: Task, tests: pl.DataFrame, answered: Mapping[str, Answers], earlier: EarlierStudent
) -> Comparison:
    """The comparison where the earlier student learnt from another teacher: agreement with the new one alone says nothing of the two."""
    if not other_teacher(answered, earlier.folder, tests):
        return found
    fair = [gap for gap in found.differences if gap.b != "previous" or not against_teacher(gap.metric)]
    both = by_teacher(task, tests, answered, earlier.folder, found.metric)
    return replace(found, differences=fair, by_teacher=both)


def _with_judging(comparison: Comparison, judged: JudgedTests) -> Comparison:
    """The comparison with what the judges found, said behind the verdict."""
    found = judged.result
    told = replace(comparison.verdict, sentences=[*comparison.verdict.sentences, *judge_sentences(found)])
    return replace(comparison, judging=found, verdict=told, warnings=[*comparison.warnings, *judge_warnings(found)])


def with_cascade(
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


def footprints(
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


def diagnosed(
    run: ActiveRun, tests: pl.DataFrame, calls: pl.DataFrame, scores: pl.DataFrame, found: Comparison
) -> Comparison:
    """The comparison with where its verdict comes from, and the one next step."""
    prompted = "teacher" if teacher_is_base(run.task) else "prompted_base"
    seen = ComparedVerdict(
        found.verdict.word,
        found.metric,
        found.margin,
        found.verdict.rows_needed,
        found.verdict.rows_at_most,
        found.probes,
        prompted,
    )
    return replace(found, diagnosis=diagnosis(run, tests, calls, scores, seen))


def _scaled(value: float | None, by: float, places: int) -> float | None:
    return None if value is None else round(value * by, places)
