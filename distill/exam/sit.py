"""Asks a teacher the rows of its exam. Each is the request that a run would send for the row: what is paid here is not paid again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from distill.errors import AccessRefused, RowsOwed
from distill.evaluate.evidence.clusters import clusters_of
from distill.evaluate.scoring.choice import metrics_of
from distill.evaluate.scoring.own import own_scores
from distill.exam.grade import KnownRow, Paper, grade
from distill.exam.marking import Marking
from distill.generate import questions
from distill.generate.questions import TeacherQuestion
from distill.records import Answer, content_id
from distill.seeds import approved
from distill.strata.apportion import apportion
from distill.teacher import schedule
from distill.teacher.schedule import InBatches
from distill.teacher.send import Interrupted
from distill.teacher.stored_answers import final_answer

if TYPE_CHECKING:
    import polars as pl

    from distill.exam.result import Exam
    from distill.task.task import Task
    from distill.teacher.pending import Requests
    from distill.teacher.send import Sender

SPENDER = "exam"
AGAIN = 10
"""Rows that are asked a second time."""


def known_rows(table: pl.DataFrame) -> list[KnownRow]:
    """The rows with a known answer that are no test rows, in an order that has to do with nothing."""
    rows = table.filter((table["role"] == "train") & table["gold"].is_not_null())
    columns = rows.select("seed_id", "input", "stratum", "gold").iter_rows()
    clusters = clusters_of(rows)
    found = [
        KnownRow(seed, text, stratum, json.loads(gold), clusters.get(seed, "")) for seed, text, stratum, gold in columns
    ]
    return sorted(found, key=lambda row: content_id("exam", row.seed_id))


def drawn(known: Sequence[KnownRow], count: int) -> tuple[list[KnownRow], list[KnownRow]]:
    """(the rows that are asked, the others): strata in their natural shares."""
    pools: dict[str, list[KnownRow]] = {}
    for row in known:
        pools.setdefault(row.stratum, []).append(row)
    room = {name: len(rows) for name, rows in pools.items()}
    seats = apportion(min(count, len(known)), held=dict.fromkeys(pools, 0), room=room, weights=room)
    asked = {row.seed_id for name, rows in pools.items() for row in rows[: seats.get(name, 0)]}
    return [row for row in known if row.seed_id in asked], [row for row in known if row.seed_id not in asked]


def asks_for_training(task: Task, table: pl.DataFrame) -> bool:
    """Whether the teacher is asked for training rows, and not only for some to look at."""
    if task.spec.dataset.preview is not None:
        return False
    return task.spec.seeds.expand is not None or approved.askable(task, table).height > 0


async def sit(task: Task, table: pl.DataFrame, sender: Sender, *, rows: int | None = None) -> Exam | None:
    """The exam of the task's teacher on `rows` rows, by default as many as the spec says; None where there are none."""
    count = task.spec.teacher.exam.rows if rows is None else rows
    asked_rows, others = drawn(known_rows(table), count)
    if not asked_rows:
        return None
    first = [TeacherQuestion(row.seed_id, 0, 0) for row in asked_rows]
    again = [TeacherQuestion(row.seed_id, 0, 1) for row in asked_rows[:AGAIN]]
    asked = [*first, *again]
    requests, teacher = questions.requests(task, table, asked), task.teachers[0]
    before = sender.store.spent(sender.run)
    try:
        await schedule.at_once(sender, requests, teacher, SPENDER)  # a batch would take too long to tell
    except (AccessRefused, RowsOwed) as fault:
        if isinstance(fault, Interrupted | InBatches) or (isinstance(fault, AccessRefused) and len(task.teachers) == 1):
            raise
        sender.watch.say(f"  the exam lacks answers: {fault}")
    answers = dict(_answers(sender, asked, requests, teacher.sampling.raise_to))
    priced = teacher.address.price is not None
    paper = Paper(
        model=teacher.address.model, prompt=task.spec.teacher.prompt,
        answers={question.seed: answers[question] for question in first if question in answers},
        again={question.seed: answers[question] for question in again if question in answers},
        calls=len(asked), usd=sender.store.spent(sender.run) - before if priced else None, priced=priced,
    )  # fmt: skip
    marking = marking_of(task, table.filter(table["seed_id"].is_in([row.seed_id for row in asked_rows])))
    return await asyncio.to_thread(grade, paper, asked_rows, others, marking)


def marking_of(task: Task, asked: pl.DataFrame) -> Marking:
    """How the spec has the answers to some rows of the seeds' table compared."""
    evaluate = task.spec.evaluate
    return Marking(
        task.output, evaluate.rules, evaluate.only, partial(metrics_of, task.spec), evaluate.decide_by,
        partial(own_scores, task, asked),
    )  # fmt: skip


def _answers(
    sender: Sender,
    asked: Sequence[TeacherQuestion],
    requests: Requests[TeacherQuestion],
    raise_to: int | None,
) -> list[tuple[TeacherQuestion, Answer]]:
    found = [
        (question, final_answer(sender.store, request, raise_to)[1])
        for question, request in zip(asked, requests, strict=True)
    ]
    return [(question, answer) for question, answer in found if answer is not None and answer.ok]
