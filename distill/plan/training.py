"""What a hosted training may cost, before there is a row to train on."""

from __future__ import annotations

import json

import polars as pl

from distill import tokens
from distill.plan.estimate import Cost, SpenderEstimate
from distill.student import training_cost
from distill.task.task import Task
from distill.teacher.store import training

_SAMPLE = 200
"""Prompts that are counted; the others are taken for as long."""


def training_estimate(task: Task, table: pl.DataFrame, teacher: SpenderEstimate) -> SpenderEstimate | None:
    """The plan's row of a training at a host; None where none is.

    At most: every row that may train with the longest answer; expected: with the median of the answers so far.
    """
    way = task.spec.student.train
    if way.with_ != "hosted":
        return None
    rows, prompt = _rows(task, table), _prompt_tokens(task, table)
    epochs, longest = int(way.hyperparameters["n_epochs"]), task.teachers[0].sampling.max_tokens
    most = training_cost.quoted(round(rows * (prompt + longest)), epochs, way.train_price)
    cost = Cost(training_cost.most(most))
    if teacher.measured is not None and cost.usd_at_most is not None:
        median = teacher.measured.completion_tokens_p50_p95[0]
        usd = training_cost.quoted(round(rows * (prompt + median)), epochs, way.train_price).usd
        cost = Cost(cost.usd_at_most, usd, usd, cost.usd_at_most)
    return SpenderEstimate(
        training.SPENDER, way.base, "hosted", requests=1, in_store=0, to_send=1, share_expected=1.0, prompt_tokens=most.tokens,
        completion_tokens_at_most=0, cost=cost, ways=None, measured=None,
    )  # fmt: skip


def _rows(task: Task, table: pl.DataFrame) -> int:
    """Rows that may train at most."""
    seeds, accept = table.filter(role="train").height, task.spec.dataset.accept
    return seeds if accept is None else accept


def _prompt_tokens(task: Task, table: pl.DataFrame) -> float:
    """Tokens of a row without its answer, on average."""
    fields = table.filter(role="train")["fields"].head(_SAMPLE).to_list()
    prompts = [task.student_prompt.fill(json.loads(one)) for one in fields]
    counted = [tokens.count_messages(prompt, task.spec.student.train.base) for prompt in prompts]
    return sum(counted) / len(counted) if counted else 0.0
