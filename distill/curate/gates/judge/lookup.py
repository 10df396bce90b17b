"""The verdicts on a task's answers, as far as the store holds them. Nothing is sent here: what is missing is noted.

A row's verdict by a judge is the answer to one request. If that answer cannot be read, the judge is asked once more; if
that one cannot be read either, the row stays unscored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import polars as pl

from distill.curate.gates.judge.requests import JudgeCall, instructions_shown, judge_names, verdict_request
from distill.curate.gates.judge.rubric import AnswerToJudge, code_of, schema
from distill.curate.gates.judge.verdict import JudgeVerdict, NoVerdict, read_verdict
from distill.records import Json
from distill.spec.judge import Rubric
from distill.task.task import Task
from distill.teacher.endpoint.address import Model
from distill.teacher.store.store import Store
from distill.teacher.stored_answers import final_answer, why_pending

DRAWS = 2
"""How often a judge is asked about a row, where its first verdict cannot be read."""
_COLUMNS = ("seed_id", "request_id", "input", "answer", "tool_calls")


@dataclass(slots=True)
class VerdictLookup:
    """Looks up what the judges said. `gold`: seed id → its known answer, as a judge is shown it."""

    task: Task
    store: Store
    gold: Mapping[str, str | None] = field(default_factory=dict)
    calls: list[JudgeCall] = field(default_factory=list)
    """Every call that a row came to, first draws only."""
    unanswered: list[JudgeCall] = field(default_factory=list)
    """The calls, of all draws, that have no answer."""
    pending: dict[str, str] = field(default_factory=dict)
    """Request id → gate, of the rows without a verdict at that gate that a judge may still give one on."""

    @property
    def by_gate(self) -> dict[str, dict[str, object]]:
        """Gate → its argument `verdicts`, which looks them up."""
        return {gate: {"verdicts": partial(self.look_up, gate)} for gate in self.task.rubrics}

    def look_up(self, gate: str, frame: pl.DataFrame) -> list[list[JudgeVerdict | NoVerdict]]:
        """For each row what each judge said of it; missing verdicts are noted."""
        rubric, output = self.task.rubrics[gate], schema(self.task.rubrics[gate])
        with_gold, instructions = self.task.reference and gate == "judge", instructions_shown(self.task, gate)
        judges = list(zip(self.task.judges, judge_names(self.task), strict=True))
        by_row = []
        for seed, request, given, text, tool_calls in frame.select(_COLUMNS).iter_rows():
            answer = AnswerToJudge(given, text, tool_calls, self.gold.get(seed) if with_gold else None, instructions)
            code = code_of(rubric, answer)
            verdicts = [
                self._of_judge(judge, name, rubric, output, JudgeCall(n, gate, answer, 0), code)
                for n, (judge, name) in enumerate(judges)
            ]
            by_row.append(verdicts)
            if not any(isinstance(verdict, JudgeVerdict) for verdict in verdicts) and any(
                isinstance(verdict, NoVerdict) and verdict.pending for verdict in verdicts
            ):
                self.pending[request] = gate
        return by_row

    def _of_judge(
        self, judge: Model, name: str, rubric: Rubric, output: Mapping[str, Json], first: JudgeCall, code: str
    ) -> JudgeVerdict | NoVerdict:
        """What a judge said of a row; if that cannot be read, what it said when it was asked again."""
        self.calls.append(first)
        verdict: JudgeVerdict | NoVerdict = NoVerdict(name, "not asked")
        for draw in range(DRAWS):
            call = first._replace(draw=draw)
            request = verdict_request(judge, rubric, output, call)
            _, answer = final_answer(self.store, request, judge.sampling.raise_to)
            if answer is None:
                self.unanswered.append(call)
                return NoVerdict(name, why_pending(self.store, request.id), pending=True)
            verdict = read_verdict(answer, rubric, code=code, judge=name)
            if isinstance(verdict, JudgeVerdict):
                break
        return verdict
