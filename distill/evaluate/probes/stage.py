"""The probes of a run: which of them are asked for, what each needs, and what they found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from distill.evaluate.arms import Arm, requests
from distill.evaluate.probes.answers.memorisation import memorisation
from distill.evaluate.probes.answers.out_of_distribution import out_of_distribution
from distill.evaluate.probes.answers.refusals import refusals
from distill.evaluate.probes.answers.style import style
from distill.evaluate.probes.asked import drift, forgetting, injection
from distill.evaluate.probes.asked.drift import ODD, form_holds, long_inputs
from distill.evaluate.probes.asked.general_set import general_set
from distill.evaluate.probes.asked.injection import injected
from distill.evaluate.probes.asked.requests import (
    changed_answers,
    changed_rows,
    general_answers,
    general_requests,
    input_name,
)
from distill.evaluate.probes.result import ProbeQuestion, ProbeResult
from distill.evaluate.probes.rows import AnsweredRow, ProbeRows, answered_rows
from distill.evaluate.scores import scores_by_arm
from distill.spec.evaluation.probes import ASKED, FREE, ProbeName
from distill.student import stage as student_stage

if TYPE_CHECKING:
    from distill.records import Request
    from distill.task.run import ActiveRun
    from distill.task.task import Task
    from distill.teacher.endpoint.address import Address

_ANSWERS: Mapping[str, Callable[[ProbeRows], list[ProbeResult]]] = {
    "memorisation": memorisation, "style": style, "refusals": refusals, "out_of_distribution": out_of_distribution,
}  # fmt: skip
_QUESTIONS: Mapping[str, Sequence[ProbeQuestion]] = {
    "forgetting": forgetting.QUESTIONS, "drift": drift.QUESTIONS, "injection": injection.QUESTIONS,
}  # fmt: skip


async def probe(
    run: ActiveRun, student: Address | None, tests: pl.DataFrame, calls: pl.DataFrame, scores: pl.DataFrame, *, metric: str
) -> list[ProbeResult]:  # fmt: skip
    """What the probes of the spec found; nothing where no student answered. Raises RowsOwed when interrupted."""
    names = wanted(run.task)
    if not names or calls.filter((calls["arm"] == "student") & (calls["ended"] == "ok")).is_empty():
        return []
    tests = tests.sort("seed_id")
    rows = answered_rows(tests, calls)
    free = [name for name in names if name in _ANSWERS]
    found = await asyncio.to_thread(_looked_at, run, free, rows, scores, metric)
    asks = [name for name in names if name in _QUESTIONS]
    told: dict[str, list[ProbeResult]] = {}
    async with run.sender.holding():
        for name in sorted(asks, key=lambda one: one == "forgetting"):  # last, since it ends with the base
            why = why_unasked(run.task, name, student)
            if why or student is None:
                told[name] = [question.unmeasured(why) for question in _QUESTIONS[name]]
                continue
            run.watch.say(f"  the probe of {name} asks {'student and base' if name == 'forgetting' else 'the student'}")
            told[name] = await _asked(run, name, student, tests, rows)
    return [*found, *(result for name in asks for result in told[name])]


def wanted(task: Task) -> list[ProbeName]:
    """The probes of the spec, in their order."""
    given = task.spec.evaluate.probes
    if isinstance(given, str):
        return [] if given == "none" else [*FREE, *ASKED]
    return [name for name in (*FREE, *ASKED) if name in given]


def why_unasked(task: Task, name: ProbeName, student: Address | None) -> str:
    """Why a probe that asks more is left out; empty where it is asked."""
    if student is None:
        return "the student is no language model, and cannot be asked"
    elsewhere = not student.local or (name == "forgetting" and not task.base.local)
    if task.spec.evaluate.probes == "auto" and elsewhere:
        return f"not asked, since each call has its price at this endpoint; evaluate.probes: [{name}] asks for it"
    return ""


def calls_wanted(task: Task) -> tuple[int, int]:
    """The most calls of (base, student) that the probes make, before a student is there."""
    asks = task.spec.student.train
    if asks.with_ == "none" or asks.classifier or "student" not in task.spec.arms:
        return 0, 0
    auto = task.spec.evaluate.probes == "auto"
    names = [name for name in wanted(task) if name in _QUESTIONS and not (auto and not task.base.local)]
    general = len(general_set()) if "forgetting" in names else 0
    each = {"drift": drift.ROWS + len(ODD), "injection": injection.ROWS, "forgetting": general}
    return general, sum(each[name] for name in names)


def student_requests(task: Task, student: Address, tests: pl.DataFrame) -> list[Request]:
    """What the probes will ask a student at this address, before it is there."""
    names = [name for name in wanted(task) if name in _QUESTIONS and not why_unasked(task, name, student)]
    found = general_requests(task, student) if "forgetting" in names else []
    if not _has_text(task, tests):
        return found
    arm = Arm("probes student", student, task.student_prompt)
    for rows, texts in _changed(task, tests.sort("seed_id"), names):
        found += requests(task, arm, changed_rows(task, rows, texts))
    return found


def _changed(task: Task, tests: pl.DataFrame, names: Sequence[str]) -> Iterator[tuple[pl.DataFrame, Sequence[str]]]:
    """Test rows, and the texts that are asked in the place of theirs: with an order behind them, long, odd."""
    inputs = [text or "" for text in tests["input"]]
    if "injection" in names:
        yield tests, injected(inputs)
    if "drift" in names:
        yield tests, long_inputs(inputs, inputs[::-1], context=task.spec.student.train.context)
        yield _enough(tests, len(ODD)), ODD


def _looked_at(
    run: ActiveRun, names: Sequence[str], rows: Sequence[AnsweredRow], scores: pl.DataFrame, metric: str
) -> list[ProbeResult]:
    samples = run.scan("samples.parquet").filter(pl.col("fate") == "train").select("input", "answer").collect()
    there = ProbeRows(
        rows, train=[(asked or "", said or "") for asked, said in samples.iter_rows()],
        losses=student_stage.losses(run.folder), scores=scores_by_arm(scores), metric=metric,
    )  # fmt: skip
    return [result for name in names for result in _ANSWERS[name](there)]


async def _asked(
    run: ActiveRun, name: ProbeName, student: Address, tests: pl.DataFrame, rows: Sequence[AnsweredRow]
) -> list[ProbeResult]:
    task, sender = run.task, run.sender
    if name == "forgetting":
        after = await general_answers(task, student, sender, "probes student")
        return forgetting.forgetting(await general_answers(task, task.base, sender, "probes base"), after)
    if not _has_text(task, tests):
        said = "the student's prompt holds no single text that could be changed"
        return [question.unmeasured(said) for question in _QUESTIONS[name]]
    holds = form_holds(task.output)
    answers = [
        await changed_answers(task, student, changed, texts, sender) for changed, texts in _changed(task, tests, [name])
    ]
    return (
        injection.injection(rows, answers[0], holds)
        if name == "injection"
        else drift.drift(rows, answers[0], answers[1], holds)
    )


def _has_text(task: Task, tests: pl.DataFrame) -> bool:
    import json

    return bool(tests.height) and all(input_name(task, json.loads(fields)) for fields in tests["fields"])


def _enough(tests: pl.DataFrame, n: int) -> pl.DataFrame:
    """Test rows `n` times or more, for their other fields."""
    return pl.concat([tests] * -(-n // tests.height)).head(n)
