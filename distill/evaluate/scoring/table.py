"""The answers of all arms → scores.parquet: a row for each answer and metric, with a reason where it is not 1.

A call without an answer is unscored, as a row is that a metric has nothing to hold against; neither is a zero.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import polars as pl

from distill.evaluate.metrics import METRICS, NO_ANSWER, NO_KNOWN, Example, NotScorable, texts
from distill.evaluate.scoring.choice import Metrics, metrics_of, text_names
from distill.evaluate.scoring.own import ScoreRow, own_scores

if TYPE_CHECKING:
    from distill.evaluate.arms import Answers
    from distill.evaluate.fields import FieldRules
    from distill.records import Answer, Json
    from distill.task.task import Task

_COLUMNS = {"seed_id": pl.String, "arm": pl.String, "metric": pl.String, "value": pl.Float64, "reason": pl.String}
Scored = tuple[str, float | None, str]
"""(metric, value or None, reason)."""


def scores_table(task: Task, tests: pl.DataFrame, answered: Mapping[str, Answers], rules: FieldRules) -> pl.DataFrame:
    """scores.parquet, as `compare` takes it."""
    chosen = metrics_of(task.spec, rules)
    golds = {seed: json.loads(text) if text else None for seed, text in tests.select("seed_id", "gold").iter_rows()}
    rows = value_scores(chosen, rules, task.output, golds, answered) + own_scores(task, tests, answered, chosen)
    return pl.DataFrame(rows, schema=_COLUMNS, orient="row").sort("arm", "metric", "seed_id")


def value_scores(
    chosen: Metrics, rules: FieldRules, schema: Mapping[str, Json] | None, golds: Mapping[str, Mapping[str, Json] | None],
    answered: Mapping[str, Answers],
) -> list[ScoreRow]:  # fmt: skip
    """The scores of all arms by what needs no function of the task; `golds` are the known answers by seed."""
    teacher = {seed: one.said for seed, one in answered.get("teacher", ()) if one is not None and one.ok}

    def example(seed: str) -> Example:
        return Example(
            gold=golds[seed],
            schema=schema,
            teacher=teacher.get(seed),
            gold_rules=rules.gold,
            teacher_rules=rules.teacher,
        )

    return [
        (seed, arm, *score)
        for arm, found in answered.items()
        for seed, answer in found
        for score in _scores(chosen, rules, example(seed), seed, answer)
    ]


def _scores(chosen: Metrics, rules: FieldRules, example: Example, seed: str, answer: Answer | None) -> Iterator[Scored]:
    if answer is None or not answer.ok:
        yield from ((name, None, NO_ANSWER) for name in (*chosen.values, *text_names(chosen, rules)))
        return
    for name in chosen.values:
        yield _of_value(name, example, answer)
    if chosen.texts:
        yield from _of_texts(chosen, rules, seed, answer, known=example.gold is not None)


def _of_value(name: str, example: Example, answer: Answer) -> Scored:
    if name == "schema" and answer.tool_calls:
        return name, None, "calls a tool"
    try:
        score = METRICS[name](example, answer.said)
    except NotScorable as reason:
        return name, None, str(reason)
    return name, score.value, score.reason


def _of_texts(chosen: Metrics, rules: FieldRules, seed: str, answer: Answer, *, known: bool) -> Iterator[Scored]:
    """Likenesses to the known text and to the teacher's; null where there is none."""
    sides = (
        (rules.free_gold, rules.wanted, False, "no text in the known answer" if known else NO_KNOWN),
        (rules.free_teacher, rules.theirs, True, "no text in the teacher's answer"),
    )
    for free, values, teacher, lacking in sides:
        wanted = values.get(seed)
        found = (
            dict(texts.scores(chosen.texts, free, wanted, answer.said, teacher=teacher)) if wanted is not None else {}
        )
        for name in texts.names(chosen.texts, free, teacher=teacher):
            score = found.get(name)
            yield (name, score.value, score.reason) if score else (name, None, lacking)
