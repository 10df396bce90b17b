"""The new teacher's answers beside the old ones: which differ in value, and who has the known answer.

Answers are compared by the rules that the evaluation uses (`evaluate.compare`): two spellings of one value are the same. Of free text, where
many wordings are right, two differ where their likeness (chrF) is below a half.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import polars as pl

from distill.evaluate.fields import FieldRules, field_rules
from distill.evaluate.metrics import METRICS, Example, NotScorable
from distill.evaluate.metrics.calls import CALLS
from distill.records import Answer, Json
from distill.task.task import Task
from distill.values.likeness import likeness

ALIKE = 0.5
"""The likeness from which two free texts count as the same answer."""

Known = Literal["new", "old", "both", "neither"]


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """One sampled row: whether the two answers differ, and who has the known answer; None where none is known."""

    seed: str
    differs: bool
    known: Known | None


def compared(
    task: Task, rows: pl.DataFrame, old: Mapping[str, Answer], new: Mapping[str, Answer]
) -> list[AnswerChange]:
    """The rows (seed_id, input, gold) that both answered."""
    golds = {seed: json.loads(text) for seed, text in rows.select("seed_id", "gold").drop_nulls().iter_rows()}
    settings, texts = task.spec.evaluate, {seed: answer.said for seed, answer in old.items()}
    rules = field_rules(
        schema=task.output, given=settings.rules, only=settings.only, golds=golds, teacher=texts,
        inputs=dict(rows.select("seed_id", "input").iter_rows()),
    )  # fmt: skip
    both = [seed for seed in rows["seed_id"] if seed in old and seed in new]
    return [_pair(task, rules, seed, (old[seed], new[seed]), golds.get(seed)) for seed in both]


def _pair(task: Task, rules: FieldRules, seed: str, pair: Sequence[Answer], gold: Json) -> AnswerChange:
    before, now = (answer.said for answer in pair)
    calls = any(answer.tool_calls for answer in pair)
    differs = before != now and not _same(task, rules, before, now, calls=calls)
    return AnswerChange(seed, differs, _who(task, rules, gold, before, now) if gold and differs else None)


def _same(task: Task, rules: FieldRules, before: str, now: str, *, calls: bool) -> bool:
    example = Example(schema=task.output, teacher=before, gold_rules=rules.gold, teacher_rules=rules.teacher)
    with suppress(NotScorable):
        return METRICS["agreement_tool_calls" if calls else "agreement"](example, now).value >= 1
    return likeness("chrf", before, now) >= ALIKE


def _who(task: Task, rules: FieldRules, gold: Mapping[str, Json], before: str, now: str) -> Known | None:
    """Who has the known answer; None where it is no value that can be compared."""
    right = [_right(task, rules, gold, text) for text in (now, before)]
    if None in right:
        return None
    if right[0]:
        return "both" if right[1] else "new"
    return "old" if right[1] else "neither"


def _right(task: Task, rules: FieldRules, gold: Mapping[str, Json], text: str) -> bool | None:
    example = Example(gold=gold, schema=task.output, gold_rules=rules.gold, teacher_rules=rules.teacher)
    with suppress(NotScorable):
        return METRICS["tool_calls" if CALLS in gold else "json_fields"](example, text).value >= 1
    return None
