"""What a hosted training may cost, before there is a row to train on."""

from __future__ import annotations

import json

import polars as pl

from distill.errors import UsageError
from distill.plan.estimate import Cost, SpenderEstimate
from distill.rundir import latest
from distill.student.hosted import cost as training_cost
from distill.student.hosted import stage as hosted
from distill.student.hosts import remote_ids
from distill.task.task import Task
from distill.teacher.store import training
from distill.text import tokens

_SAMPLE = 200
"""Prompts that are counted; the others are taken for as long."""


def training_estimate(task: Task, table: pl.DataFrame, teacher: SpenderEstimate) -> SpenderEstimate | None:
    """The plan's row of a training at a host; None where none is.

    At most: every row that may train with the longest answer; expected: with the median of the answers so far.
    """
    way = task.spec.student.train
    if way.with_ != "hosted":
        return None
    if teacher.to_send == 0 and _is_made(task):
        return _row(task, 0, Cost(0.0, 0.0, 0.0, 0.0), made=True)
    price = training_cost.price_of(way, task.base.base_url)
    rows, prompt = _rows(task, table), _prompt_tokens(task, table)
    epochs, longest = int(way.hyperparameters["n_epochs"]), task.teachers[0].sampling.max_tokens
    most = training_cost.quoted(round(rows * (prompt + longest)), epochs, price)
    cost = Cost(training_cost.most(most))
    if teacher.measured is not None and cost.usd_at_most is not None:
        median = teacher.measured.completion_tokens_p50_p95[0]
        usd = training_cost.quoted(round(rows * (prompt + median)), epochs, price).usd
        cost = Cost(cost.usd_at_most, usd, usd, cost.usd_at_most)
    return _row(task, most.tokens, cost)


def _row(task: Task, counted: int, cost: Cost, *, made: bool = False) -> SpenderEstimate:
    return SpenderEstimate(
        training.SPENDER, task.spec.student.train.base, "hosted", requests=1, in_store=int(made), to_send=int(not made),
        share_expected=1.0, prompt_tokens=counted, completion_tokens_at_most=0, cost=cost, ways=None, measured=None,
    )  # fmt: skip


def _is_made(task: Task) -> bool:
    """Whether the latest run's job is of its dataset and of these settings."""
    folder = latest(task.home, task.spec.task)
    if folder is None or not (folder.path / "train.jsonl").exists():
        return False
    known = remote_ids.last(hosted.state_of(folder))
    try:
        job = hosted.job_of(task, folder)
    except UsageError:  # no preference pairs yet
        return False
    return known is not None and known.job_id is not None and known.tag == job.id_at(hosted.host_of(task))


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
