"""The calibration rows and the test rows of a run made into what the student may answer alone.

A language model's confidence is that of its tokens, or the share of further draws that say the same; a linear model's its own. It is 0, so
that the teacher is asked, where an answer breaks the task's schema, or the input is far from all training rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from distill.evaluate import arms
from distill.evaluate.evidence.clusters import clusters_of
from distill.evaluate.fields import FieldRules
from distill.evaluate.metrics import Example, NotScorable, schema
from distill.evaluate.scoring import choice
from distill.evaluate.scoring.choice import metrics_of
from distill.evaluate.scoring.table import scores_table
from distill.evaluate.selective import cascade
from distill.evaluate.selective.calibration import AskedRows
from distill.evaluate.selective.cascade import RoutedRow, Selective
from distill.evaluate.selective.nearness import TrainingTexts
from distill.evaluate.selective.sure_rows import SureRow, trusted
from distill.evaluate.selective.threshold import JudgedRow, threshold
from distill.records import Answer, Json
from distill.values import confidence
from distill.values import rules as value_rules

if TYPE_CHECKING:
    from distill.student.linear import Classifier
    from distill.task.task import Task

PROBABILITIES, LINEAR, DRAWS = "token probabilities", "linear model", "agreement of draws"
AGAINST = {"json_fields": "known answers", "agreement": "teacher"}


@dataclass(frozen=True, slots=True)
class MeasuredRows:
    """What the student answers alone, and the rows behind it by their role; none where nothing tells."""

    selective: Selective
    rows: Mapping[str, Sequence[SureRow]] = field(default_factory=dict)


def measured(
    task: Task, calibration: AskedRows, tests: AskedRows, model: Classifier | None, texts: TrainingTexts,
    usd: Mapping[str, float | None],
) -> MeasuredRows:  # fmt: skip
    """`tests` are the test rows with all arms; `model` is the student where it is a linear model, and then among their answers; `usd` are the
    dollars of a thousand calls by arm, None or left out where not known.
    """
    limit = task.spec.evaluate.risk
    rules = arms.rules_of(task, tests.rows, tests.answered)
    metric = "json_fields" if calibration.rows["gold"].null_count() < calibration.rows.height else "agreement"
    if reason := _unusable(task, rules, metric, calibration):
        return MeasuredRows(Selective(limit, note=reason))
    fields = _compared_fields(task, rules, metric, calibration)
    apart, tested = (_sure_rows(task, asked, rules, metric, fields, model, texts) for asked in (calibration, tests))
    if not any(trusted(row, texts.floor) for row in apart):
        return MeasuredRows(Selective(limit, note=_NO_SIGNAL))
    found = threshold(_judged(apart, calibration, texts.floor), limit)
    routed = _routed(tests, tested, texts.floor)
    selective = Selective(
        limit=limit, against=AGAINST[metric], signal=_signal(calibration, model), fields=list(fields), threshold=found,
        coverage=cascade.coverage_of(routed, found), risk=cascade.risk_of(routed, found),
        by_stratum=cascade.by_stratum(routed, found), curve=cascade.curve(routed),
        far=sum(row.near < texts.floor for row in tested),
        price=cascade.price(
            routed, found, student_usd=usd.get("student"), teacher_usd=usd.get("teacher"), calls=1 + len(tests.draws)
        ),
    )  # fmt: skip
    return MeasuredRows(selective, {"calibration": apart, "test": tested})


_NO_SIGNAL = "nothing tells how sure it is: its endpoint gives no token probabilities; evaluate.calibration.draws asks it more often instead"


def _signal(calibration: AskedRows, model: Classifier | None) -> str:
    return LINEAR if model is not None else DRAWS if calibration.draws else PROBABILITIES


def _unusable(task: Task, rules: FieldRules, metric: str, asked: AskedRows) -> str:
    """Why no error can be counted; empty where it can."""
    if asked.rows.is_empty():
        return "no row was left to set apart for calibration"
    if "student" not in asked.answered:
        return "no student was asked"
    if choice.mostly_calls(rules):
        return "its answers call tools, of which nothing here tells how sure it is"
    if rules.kind == "text":
        return "its answers are free text, of which nothing here says whether they are right"
    if metric not in metrics_of(task.spec, rules).values:
        return f"its errors are counted by {metric}, which is not among evaluate.metrics"
    if metric == "agreement" and "teacher" not in asked.answered:
        return "no calibration row has a known answer, and the teacher is not among evaluate.arms"
    return ""


def _compared_fields(task: Task, rules: FieldRules, metric: str, asked: AskedRows) -> list[str]:
    """The fields whose values make an answer right or wrong; none where it is a plain value."""
    if rules.kind != "fields":
        return []
    used = rules.gold if metric == "json_fields" else rules.teacher
    said = [name for _, answer in asked.answered["student"] if answer for name in confidence.names_in(answer.text)]
    return [name for name in value_rules.names(task.output) or dict.fromkeys(said) if used.counts((name,))]


def _sure_rows(
    task: Task, asked: AskedRows, rules: FieldRules, metric: str, fields: Sequence[str], model: Classifier | None,
    texts: TrainingTexts,
) -> list[SureRow]:  # fmt: skip
    inputs = asked.rows["input"].to_list()
    near = dict(zip(asked.rows["seed_id"], texts.nearest(inputs).tolist(), strict=True))
    own = {}
    if model is not None:
        own = {seed: one.confidence for seed, one in zip(asked.rows["seed_id"], model.predict(inputs), strict=True)}
    draws = [dict(one) for one in asked.draws]
    wrong, found = _wrong(task, asked, rules, metric), list[SureRow]()
    for seed, answer in asked.answered["student"]:
        if answer is None or not answer.ok:
            found.append(SureRow(seed, None, near[seed], obeys=False, wrong=True))
            continue
        if draws:
            sure = confidence.of_draws(answer.text, [_text(one.get(seed)) for one in draws], fields)
        else:
            sure = own[seed] if own else confidence.of_tokens(answer.text, answer.logprobs, fields)
        found.append(SureRow(seed, sure, near[seed], obeys(task.output, answer), wrong.get(seed)))
    return found


def _wrong(task: Task, asked: AskedRows, rules: FieldRules, metric: str) -> dict[str, bool | None]:
    said = {name: asked.answered[name] for name in ("student", "teacher") if name in asked.answered}
    table = scores_table(task, asked.rows, said, rules)
    own = table.filter((pl.col("arm") == "student") & (pl.col("metric") == metric))
    return {seed: None if value is None else value < 1 for seed, value in own.select("seed_id", "value").iter_rows()}


def obeys(output: Mapping[str, Json] | None, answer: Answer) -> bool:
    """Whether an answer has the form that the task's schema asks for, which the caller of a cascade sees as well."""
    if answer.tool_calls or answer.declined:
        return False
    try:
        return schema(Example(schema=output), answer.said).value == 1
    except NotScorable:
        return True


def _text(answer: Answer | None) -> str:
    return answer.text if answer is not None and answer.ok else ""


def _judged(found: Sequence[SureRow], asked: AskedRows, floor: float) -> list[JudgedRow]:
    """The calibration rows for the bound, which is exact only of rows that have nothing to do with each other: of those that belong together,
    such as the turns of a conversation, one counts, the first by its id (a hash of its content).
    """
    clusters, seen = clusters_of(asked.rows), set[str]()
    judged = []
    for row in sorted(found, key=lambda row: row.seed_id):
        name = clusters.get(row.seed_id, f"alone:{row.seed_id}")
        if row.wrong is not None and name not in seen:
            seen.add(name)
            judged.append(JudgedRow(trusted(row, floor), row.wrong))
    return judged


def _routed(tests: AskedRows, found: Sequence[SureRow], floor: float) -> list[RoutedRow]:
    seconds = {
        name: {
            seed: answer.latency_s for seed, answer in tests.answered.get(name, ()) if answer is not None and answer.ok
        }
        for name in ("student", "teacher")
    }
    clusters = clusters_of(tests.rows)
    labels = dict(tests.rows.select("seed_id", "labels").iter_rows()) if "labels" in tests.rows.columns else {}
    return [
        RoutedRow(
            trusted(row, floor), row.wrong, json.loads(labels.get(row.seed_id) or "{}"),
            seconds["student"].get(row.seed_id), seconds["teacher"].get(row.seed_id), clusters.get(row.seed_id),
        )
        for row in found
    ]  # fmt: skip
