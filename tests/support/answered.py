"""A comparison of answers that are given: the task, its rules, the scores and the verdict are the real ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from distill.evaluate.arms import calls_table, rules_of
from distill.evaluate.comparison import AnswersCompared, Comparison, compare
from distill.evaluate.labels.confusion import field_labels
from distill.evaluate.scoring.explain import explained
from distill.evaluate.scoring.table import scores_table
from distill.pipeline.open_task import open_task
from distill.records import Answer, Ended, ToolCall
from distill.values import rules as value_rules

BARE = ("teacher.output=null", "strata={}", "dataset.accept=null", "seeds.gold=null")


def answer(said: Any) -> Answer:
    """An answer that says a text, or calls tools: [(name, arguments), …]; None is a call that failed."""
    if said is None:
        return Answer("", Ended.TIMEOUT)
    if isinstance(said, list):
        return Answer("", Ended.OK, tool_calls=tuple(ToolCall(name, json.dumps(given)) for name, given in said))
    return Answer("", Ended.OK, said if isinstance(said, str) else json.dumps(said))


def judged(
    path: Path, answers: Mapping[str, Sequence[Any]], *sets: str, gold: Sequence[Any] = (), inputs: Sequence[str] = ()
) -> tuple[Comparison, pl.DataFrame]:
    """(comparison, scores) of the answers by arm to one list of test rows; `gold` are their known answers, None where there is none."""
    task = open_task(path, overrides=sets, env={})
    count = len(next(iter(answers.values())))
    tests = pl.DataFrame(
        [
            {
                "seed_id": f"s{i:03}", "fields": json.dumps({"message": (inputs or [f"in {j}" for j in range(count)])[i]}),
                "labels": "{}", "stratum": "all", "gold": json.dumps(gold[i]) if gold and gold[i] is not None else None,
                "input": inputs[i] if inputs else f"in {i}",
            }
            for i in range(count)
        ],
        schema_overrides={"gold": pl.String},
    )  # fmt: skip
    answered = {
        arm: [(f"s{i:03}", answer(said) if said is not None else None) for i, said in enumerate(found)]
        for arm, found in answers.items()
    }
    rules = rules_of(task, tests, answered)
    scores = scores_table(task, tests, answered, rules)
    about = AnswersCompared(rules.kind, value_rules.names(task.output), task.spec.evaluate.decide_by)
    found = compare(
        scores, calls_table(answered), tests, margin=task.spec.evaluate.margin, asked=list(answered), answers=about
    )
    texts = {
        arm: {seed: one.said for seed, one in given if one is not None and one.ok} for arm, given in answered.items()
    }
    labels = field_labels(rules, texts, dict(tests.select("seed_id", "input").iter_rows()), task.output)
    return replace(found, labels=labels, scored_by=explained(task.spec, rules)), scores


def means(found: Comparison, arm: str = "student") -> dict[str, float]:
    """The means of an arm by metric."""
    return {name: round(one.mean, 4) for name, one in found.arms[arm].metrics.items()}
