"""Logged calls that the teacher answers too: how often the shipped student says something else, beside how often it did on the test rows.

They are asked as a run would ask them, through the answer store: an input that was asked before costs nothing. What the next call may cost is
reserved below `budget.usd` (`--max-usd`), of which each look has all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import polars as pl

from distill.errors import AccessRefused, BudgetReached, DistillError, RowsOwed
from distill.evaluate.fields import FieldRules, field_rules
from distill.evaluate.metrics import METRICS, Example, NotScorable
from distill.generate import questions
from distill.generate.questions import TeacherQuestion
from distill.lifecycle.monitor.rates.known_inputs import Count
from distill.lifecycle.monitor.result import TeacherAsked
from distill.money import Budget, known_usd, most_usd
from distill.records import Answer, Ended, Request, ToolCall, content_id
from distill.stats import proportion
from distill.task import stores
from distill.task.interrupt import interruptible
from distill.task.task import Task
from distill.teacher.progress import Watcher
from distill.teacher.requests import ceiling
from distill.teacher.send import Interrupted, Sender
from distill.teacher.store.store import Store
from distill.teacher.stored_answers import final_answer
from distill.values.likeness import likeness

SPENDER = "monitor teacher"
ALIKE = 0.5
"""The likeness (chrF) from which two free texts count as the same answer."""


@dataclass(frozen=True, slots=True)
class SampleAsked:
    """What came of a sample; `differs` says of each input that both answered whether they differ, `fault` why not all were asked."""

    figures: TeacherAsked
    differs: Mapping[str, bool]
    teacher: Mapping[str, str]
    """Input → what the teacher said."""
    fault: DistillError | None = None

    @property
    def count(self) -> Count:
        return Count(sum(self.differs.values()), len(self.differs))


async def ask_teacher(task: Task, calls: pl.DataFrame, own: Count | None, watch: Watcher) -> SampleAsked:
    """Ask the teacher the calls (input, fields, answer, tool_calls) whose fields the log tells."""
    calls = calls.drop_nulls("fields")
    table = calls.select(
        pl.col("fields").map_elements(_seed_id, return_dtype=pl.String).alias("seed_id"), "fields", "input"
    )
    asked = [TeacherQuestion(seed, 0, 0) for seed in table["seed_id"]]
    with stores.opened(task.home) as store:
        requests, run = questions.requests(task, table, asked), f"{task.spec.task}/monitor"
        before, unpriced, fault = store.spent(run), store.unpriced(run), None
        sender = Sender(store=store, run=run, budget=Budget(task.spec.budget.usd, 0.0), watch=watch)
        watch.say(
            f"  {len(asked):,} logged calls are asked of {task.teachers[0].address.model}{_at_most(task, requests, store)}"
        )
        try:
            with interruptible(sender):
                await sender.live(requests, task.teachers[0], SPENDER)
        except Interrupted:
            raise
        except (RowsOwed, BudgetReached, AccessRefused) as ended:
            fault = ended
        raise_to = task.teachers[0].sampling.raise_to
        found = {
            text: final_answer(store, request, raise_to)[1]
            for text, request in zip(table["input"], requests, strict=True)
        }
        usd = known_usd(store.spent(run) - before, store.unpriced(run) - unpriced)
    said = {text: one.said for text, one in found.items() if one is not None and one.ok and not one.declined}
    differs = _differing(task, calls, said)
    figures = TeacherAsked(
        rows=len(asked), asked=sender.sends, usd=usd, pending=sum(one is None for one in found.values()),
        differs=proportion(sum(differs.values()), len(differs)) if differs else None,
        own=proportion(own.hits, own.rows) if own is not None and own.rows else None,
    )  # fmt: skip
    return SampleAsked(figures, differs, said, fault)


def student_said(answer: str, tool_calls: str) -> str:
    """A logged answer as one text."""
    calls = tuple(ToolCall(name, arguments) for name, arguments in json.loads(tool_calls)) if tool_calls else ()
    return Answer("", Ended.OK, answer, tool_calls=calls).said


def _seed_id(fields: str) -> str:
    return content_id(json.loads(fields))


def _at_most(task: Task, requests: Sequence[Request], store: Store) -> str:
    """What may be spent, where the price is known."""
    price = task.teachers[0].address.price
    if price is None:
        return ""
    open_ = [one for one in requests if store.get(one.id) is None]
    most = sum(most_usd(price, ceiling(one)) for one in open_)
    return f", {len(open_):,} not asked before, at most ${most:.4f}"


def _differing(task: Task, calls: pl.DataFrame, teacher: Mapping[str, str]) -> dict[str, bool]:
    """Input → whether student and teacher differ, by the rules that the evaluation uses."""
    settings = task.spec.evaluate
    rules = field_rules(
        schema=task.output,
        given=settings.rules,
        only=settings.only,
        golds={},
        teacher=dict(teacher),
        inputs={text: text for text in teacher},
    )
    said = {
        text: (student_said(answer, made), made)
        for text, answer, made in calls.select("input", "answer", "tool_calls").iter_rows()
    }
    return {text: _differs(task, rules, theirs, *said[text]) for text, theirs in teacher.items()}


def _differs(task: Task, rules: FieldRules, teacher: str, student: str, calls: str) -> bool:
    if teacher == student:
        return False
    example = Example(schema=task.output, teacher=teacher, gold_rules=rules.gold, teacher_rules=rules.teacher)
    with suppress(NotScorable):
        return METRICS["agreement_tool_calls" if calls else "agreement"](example, student).value < 1
    return likeness("chrf", teacher, student) < ALIKE
