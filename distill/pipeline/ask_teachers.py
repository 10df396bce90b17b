"""The teachers of a run at work: what each is due is sent, a panel at the same time, others one behind the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from distill.errors import AccessRefused, RowsOwed
from distill.evaluate import arms
from distill.generate import questions
from distill.generate.questions import TeacherQuestion, TeacherQuestions
from distill.records import Request
from distill.task.run import ActiveRun
from distill.teacher import schedule
from distill.teacher.stored_answers import is_refused


@dataclass(slots=True)
class TeacherCalls:
    """What this command asks no more: questions that came to no answer, and teachers that are not there."""

    run: ActiveRun
    unanswered: dict[TeacherQuestion, bool] = field(default_factory=dict)
    """Question → whether it was refused for good."""
    unavailable: set[int] = field(default_factory=set)
    """Teachers that refused all access or were not there while others stood behind or beside them."""

    @property
    def may_come(self) -> set[str]:
        """Seeds whose answer is pending, and may still come."""
        return {
            question.seed
            for question, refused in self.unanswered.items()
            if not refused and question.teacher not in self.unavailable
        }

    def pending(self, asked: TeacherQuestions) -> int:
        """Questions left without an answer."""
        return questions.pending_count(self.run.task, asked, self.unanswered)

    def pending_for_now(self, asked: TeacherQuestions) -> int:
        """Those of them that were not refused for good."""
        never = {question for question, refused in self.unanswered.items() if refused}
        open_ = [question for question in asked if question not in never]
        return questions.pending_count(self.run.task, open_, self.unanswered.keys() - never)

    async def send(self, table: pl.DataFrame, asked: TeacherQuestions) -> None:
        """Send what each teacher is due of the questions."""
        task, open_ = self.run.task, [question for question in asked if question not in self.unanswered]
        groups = [(n, due) for n, due in enumerate(questions.due(task, open_)) if due and n not in self.unavailable]
        await (self._all_at_once(table, groups) if task.spec.teacher.panel else self._in_turn(table, groups))

    async def _all_at_once(self, table: pl.DataFrame, groups: Sequence[tuple[int, TeacherQuestions]]) -> None:
        results = await asyncio.gather(*(self._send(table, n, due) for n, due in groups), return_exceptions=True)
        for (n, _), fault in zip(groups, results, strict=True):
            if isinstance(fault, BaseException) and (
                not self._given_up(n, fault) or len(self.unavailable) == len(self.run.task.teachers)
            ):
                raise fault

    async def _in_turn(self, table: pl.DataFrame, groups: Sequence[tuple[int, TeacherQuestions]]) -> None:
        for n, due in groups:
            try:
                await self._send(table, n, due)
            except (AccessRefused, RowsOwed) as fault:
                if n + 1 == len(self.run.task.teachers) or not self._given_up(n, fault):
                    raise

    async def _send(self, table: pl.DataFrame, teacher: int, due: TeacherQuestions) -> None:
        run, model = self.run, questions.asked_model(self.run.task, teacher)
        requests = questions.requests(run.task, table, due)
        tests = _tests(run, table) if teacher == 0 and model.mode != "live" else []
        together: Sequence[Request] = [*requests, *tests] if tests else requests
        try:
            await schedule.send(run.sender, together, model, questions.spender(run.task, teacher))
        finally:
            for question, request in zip(due, requests, strict=True):
                if run.store.get(request.id) is None:
                    self.unanswered[question] = is_refused(run.store, request)

    def _given_up(self, n: int, fault: BaseException) -> bool:
        """Whether the others go on without it; what they were paid for is kept whatever is raised."""
        if not schedule.gone(fault):
            return False
        self.unavailable.add(n)
        address = self.run.task.teachers[n].address
        self.run.watch.say(f"  {address.model} at {address.shown} is given up: {fault}")
        return True


def _tests(run: ActiveRun, table: pl.DataFrame) -> list[Request]:
    """What the comparison will ask the teacher: it goes with the same batches, or it would take another night."""
    teacher = next((arm for arm in arms.arms_of(run.task, student=None) if arm.name == "teacher"), None)
    if teacher is None or "evaluate" not in run.stages:
        return []
    apart, settings = table.filter(role="calibration"), run.task.spec.evaluate.calibration
    calibrated = (
        arms.requests(run.task, teacher, apart) if settings and apart["gold"].null_count() == apart.height else []
    )
    return [*arms.requests(run.task, teacher, table.filter(role="test")), *calibrated]
