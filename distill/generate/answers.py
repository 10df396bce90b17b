"""The questions of a run with what came of them: a sample for each answer that may train, a dropped row for each other one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import polars as pl

from distill.generate.questions import TeacherQuestions, requests
from distill.tables import samples
from distill.tables.lookup import Lookup
from distill.tables.outcome import dropped_frame
from distill.task.task import Task
from distill.teacher.store.store import Store
from distill.teacher.stored_answers import final_answer, why_unanswered


def answered(
    task: Task, train: pl.DataFrame, asked: TeacherQuestions, store: Store
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(samples, dropped): every question with its answer or with why there is none."""
    fields, strata = Lookup(train, "fields"), Lookup(train, "stratum")
    raise_to = [one.sampling.raise_to for one in task.teachers]
    priced = [one.address.price is not None for one in task.teachers]
    thinks = task.spec.teacher.reasoning == "keep"
    unanswered: list[tuple[str, str | None, str, str, str, str]] = []

    def entries() -> Iterator[samples.SampleEntry]:
        made = iter(requests(task, train, [question for question in asked if not question.request_id]))
        for question in asked:
            if question.request_id:
                request_id, answer = question.request_id, store.get(question.request_id)
            else:
                request, answer = final_answer(store, next(made), raise_to[question.teacher])
                request_id = request.id
            if answer is None or answer.declined:
                if answer is None:
                    why = why_unanswered(store, request_id)
                else:
                    why = "declined", answer.refusal[:200] or f"ended by {answer.finish_reason!r}"
                unanswered.append((question.seed, request_id, strata[question.seed], "teacher", *why))
                continue
            prompt = task.student_prompt.fill(json.loads(fields[question.seed]))
            known = priced[max(question.teacher, 0)] or answer.usd > 0
            yield samples.SampleEntry(
                question.seed, request_id, question.teacher, question.kind, question.draw, prompt, answer, priced=known,
                thinks=thinks,
            )  # fmt: skip

    return samples.samples(train, entries()), dropped_frame(unanswered)
