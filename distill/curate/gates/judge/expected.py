"""The verdicts that questions will need which have no answer yet, for a plan's estimate of what judges cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from distill.curate.gates.judge.lookup import VerdictLookup
from distill.curate.gates.judge.requests import JudgeCall, instructions_shown, verdict_requests
from distill.curate.gates.judge.rubric import AnswerToJudge
from distill.generate.questions import TeacherQuestion, requests
from distill.task.task import Task
from distill.teacher.pending import Requests


@dataclass(frozen=True, slots=True)
class ExpectedVerdicts:
    """Requests to one judge. Answers that are not there yet are left out of them: `answer_tokens` is the most they add."""

    requests: Requests[JudgeCall]
    answer_tokens: int


def expected_verdicts(
    task: Task,
    judge: int,
    table: pl.DataFrame,
    questions: Sequence[TeacherQuestion],
    known: VerdictLookup | None = None,
) -> ExpectedVerdicts:
    """The verdicts of one judge on the answers to these questions; without `known` none of them has an answer."""
    if known is None:
        calls, gates = [], [list(task.rubrics) for _ in questions]
    else:
        calls = [call for call in known.calls if call.judge == judge]
        gates = list(_gates_to_come(known, table, questions))
    inputs = dict(table.select("seed_id", "input").iter_rows())
    shown = {gate: instructions_shown(task, gate) for gate in task.rubrics}
    unknown = [
        JudgeCall(judge, gate, AnswerToJudge(inputs[question.seed], "", task=shown[gate]), 0)
        for question, ahead in zip(questions, gates, strict=True)
        for gate in ahead
    ]
    longest = [task.teachers[max(question.teacher, 0)].sampling.max_tokens for question in questions]
    tokens = sum(len(ahead) * most for ahead, most in zip(gates, longest, strict=True))
    return ExpectedVerdicts(verdict_requests(task, [*calls, *unknown]), tokens)


def _gates_to_come(
    known: VerdictLookup, table: pl.DataFrame, questions: Sequence[TeacherQuestion]
) -> Iterator[list[str]]:
    """For each question the gates whose calls are not known yet: all, or those behind the one where a verdict is pending."""
    gates = list(known.task.rubrics)
    for request in requests(known.task, table, questions):
        waits_at = known.pending.get(request.id)
        if known.store.get(request.id) is None:
            yield gates
        else:
            yield gates[gates.index(waits_at) + 1 :] if waits_at else []
