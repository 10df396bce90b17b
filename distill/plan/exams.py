"""Exams of several teachers and prompts side by side, on the same rows, each with its price and time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from distill.errors import UsageError
from distill.exam.sit import known_rows, sit
from distill.plan.pilot import pilot_sender
from distill.seeds import labelling, prepare
from distill.task import event_loop, stores
from distill.task.interrupt import interruptible
from distill.teacher.progress import Watcher

if TYPE_CHECKING:
    import polars as pl

    from distill.exam.result import Exam
    from distill.task.task import Task
    from distill.teacher.store.store import Store


async def exams(tasks: Sequence[Task], watch: Watcher, *, rows: int | None = None) -> list[Exam]:
    """The exam of each task's teacher, in their order, on `rows` rows; the tasks differ in teacher and prompt alone.

    UsageError where no row has a known answer that is no test row. Answers are kept, and a later run pays for none again.
    """
    first = tasks[0]
    with stores.opened(first.home, [at for task in tasks for at in task.addresses]) as store:
        table = prepare.prepare(first.spec, *labelling.stored_labels(first, store)).kept
        if not known_rows(table):
            raise UsageError(_NO_ROWS if first.spec.seeds.gold is None else _NONE_LEFT)
        sat = [await _sat(task, table, store, watch, rows) for task in tasks]
    return [exam for exam in sat if exam is not None]


async def _sat(task: Task, table: pl.DataFrame, store: Store, watch: Watcher, rows: int | None) -> Exam | None:
    sender = pilot_sender(task, store, watch)
    with interruptible(sender):
        return await sit(task, table, sender, rows=rows or task.spec.teacher.exam.rows or _ROWS)


taken = event_loop.finished(exams)
"""The same from a thread whose loop, if it has one, goes on."""


_ROWS = 40
"""Rows of an exam that is asked for by name, where the spec wants none in a run."""
_NO_ROWS = "an exam needs rows with a known answer: name their column as seeds.gold"
_NONE_LEFT = (
    "an exam needs rows with a known answer that are no test rows, and all that have one are test rows; "
    "lower seeds.test, or give more known answers"
)
