"""Who is asked what, so that the student's confidence is known: the calibration rows, and the test rows in the same way.

The student is asked with the wish for token probabilities, on the test rows too where its endpoint gives them; or, where the spec says so,
for further draws. The teacher is asked only where no row has a known answer. A linear model needs no call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from distill.evaluate import arms
from distill.evaluate.arms import Answers, Arm
from distill.records import Request
from distill.task.run import ActiveRun
from distill.task.task import Task
from distill.teacher import schedule
from distill.teacher.endpoint.payload import probabilities_wish
from distill.teacher.requests import row_request
from distill.teacher.stored_answers import final_answer

_WARM = 0.7
"""The temperature of further draws."""


@dataclass(frozen=True, slots=True)
class AskedRows:
    """Rows with what each arm said to them, and the student's further draws, each of all rows."""

    rows: pl.DataFrame
    answered: Mapping[str, Answers] = field(default_factory=dict)
    draws: Sequence[Answers] = ()


def rows_of(run: ActiveRun) -> pl.DataFrame:
    """The calibration rows of a run."""
    return run.scan("seeds.parquet").filter(pl.col("role") == "calibration").collect()


def arms_on(task: Task, rows: pl.DataFrame, asked: Sequence[Arm]) -> list[Arm]:
    """Who is asked the calibration rows: the student for its confidence, the teacher where no row has a known answer."""
    known = rows["gold"].null_count() < rows.height
    named = {arm.name: arm for arm in asked}
    found = [wishing(task, named["student"])] if "student" in named else []
    return found + ([named["teacher"]] if "teacher" in named and not known else [])


def wishing(task: Task, student: Arm) -> Arm:
    """The student as it is asked for token probabilities; as it is where draws are to tell."""
    settings = task.spec.evaluate.calibration
    if settings is None or settings.draws:
        return student
    return replace(student, extra=probabilities_wish(student.address.dialect))


async def ask(run: ActiveRun, asked: Sequence[Arm]) -> tuple[AskedRows | None, list[Arm]]:
    """(the calibration rows, None where the spec asks for none; the arms as the test rows are to be asked)."""
    if run.task.spec.evaluate.calibration is None:
        return None, list(asked)
    rows = rows_of(run)
    wanted = arms_on(run.task, rows, asked) if rows.height else []
    if not wanted:
        return AskedRows(rows), list(asked)
    run.watch.say(f"  {rows.height:,} calibration rows to each in turn: {', '.join(arm.name for arm in wanted)}")
    answered = {arm.name: await arms.call(run.task, arm, rows, run.sender) for arm in wanted}
    student = next((arm for arm in wanted if arm.name == "student"), None)
    if student is not None and student.extra and not _told(answered["student"]):
        student = replace(student, extra={})
    found = AskedRows(rows, answered, await further(run, student, rows))
    return found, [student if student is not None and arm.name == "student" else arm for arm in asked]


async def further(run: ActiveRun, student: Arm | None, rows: pl.DataFrame) -> list[Answers]:
    """The student's further draws of rows, as many as the spec asks for."""
    settings, found = run.task.spec.evaluate.calibration, list[Answers]()
    if settings is None or student is None:
        return found
    for draw in range(1, settings.draws + 1):
        wanted = draws_of(run.task, student, rows, draw)
        await schedule.send(run.sender, wanted, run.task.beside(student.address), f"{student.name}, further draws")
        held = [final_answer(run.store, one, None)[1] for one in wanted]
        found.append(list(zip(rows["seed_id"].to_list(), held, strict=True)))
    return found


def draws_of(task: Task, student: Arm, rows: pl.DataFrame, draw: int) -> list[Request]:
    """One request a row, warm; a number of the draw makes each another request."""
    sampling = task.spec.teacher.sampling
    fixed = sampling.temperature is None and student.address.dialect != "chat"
    sampling = sampling.model_copy(update={"temperature": None if fixed else _WARM, "top_p": None, "extra": {}})
    return [
        row_request(
            json.loads(fields), template=student.template, address=student.address, sampling=sampling, tools=task.tools,
            draw=draw, own=True,
        )
        for fields in rows["fields"]
    ]  # fmt: skip


def _told(answers: Answers) -> bool:
    return any(answer is not None and answer.logprobs for _, answer in answers)
