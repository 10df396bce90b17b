"""A few rows asked for real, to measure what a call costs; their answers are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from distill.curate import judged
from distill.curate.gates.judge.requests import verdicts_per_row
from distill.curate.gates.judge.send import JudgeCalls
from distill.evaluate.judging.expected import ExpectedJudging, expected_judging
from distill.exam.result import Exam
from distill.exam.sit import asks_for_training, sit
from distill.generate.questions import TeacherQuestions
from distill.money import Budget, known_usd
from distill.plan.estimate import RateLimits, Spender
from distill.plan.upper_bound import PassRates
from distill.rundir import latest
from distill.task import stores
from distill.task.interrupt import interruptible
from distill.task.task import Task
from distill.teacher.endpoint import sdk
from distill.teacher.progress import Watcher
from distill.teacher.send import Sender
from distill.teacher.store.store import Store


@dataclass(frozen=True, slots=True)
class Pilot:
    """What a pilot has shown: of its rows, those that every gate let pass; and what the teacher's endpoint said of itself."""

    rows: int
    passed_gates: int
    usd: float | None
    limits: RateLimits
    shutdown_date: str | None
    share_judged: float
    """Of the verdicts that the rows could have come to."""
    exam: Exam | None = None
    """The teacher on rows with a known answer, where it is asked for training rows."""

    @property
    def rates(self) -> PassRates:
        failing = 1 - self.passed_gates / self.rows if self.rows else 1.0
        return PassRates(failing, self.share_judged)


async def run_pilot(
    task: Task, spenders: Sequence[Spender], table: pl.DataFrame, tried: TeacherQuestions, store: Store, watch: Watcher,
    *, count: int,
) -> Pilot:  # fmt: skip
    """Ask `count` rows of each spender, of the teacher those `tried`, and judge their answers."""
    sender = pilot_sender(task, store, watch)
    with interruptible(sender):
        for one in spenders:
            await sender.live(one.requests[:count], one.at, one.name)  # a batch would take too long to tell
        for judge in _judges_of_tests(task, table, store):
            await sender.live(judge.ready[:count], judge.model, judge.spender)
        seen = await judged.curated(JudgeCalls(task, sender, live=True), table, tried)
        exam = await sit(task, table, sender) if asks_for_training(task, table) else None
    return Pilot(
        rows=len({ask.seed for ask in tried}), passed_gates=len(seen.seeds.passed),
        usd=known_usd(store.spent(sender.run), store.unpriced(sender.run)),
        limits=RateLimits(*sender.rates(task.teachers[0])),
        shutdown_date=await sdk.shutdown_date(task.teacher),
        share_judged=len(seen.verdicts.calls) / max(1, len(tried) * verdicts_per_row(task)),
        exam=exam,
    )  # fmt: skip


def _judges_of_tests(task: Task, table: pl.DataFrame, store: Store) -> list[ExpectedJudging]:
    """The judges of what the arms have just answered."""
    if task.spec.dataset.preview is not None:
        return []
    return list(expected_judging(task, table.filter(role="test"), store))


def pilot_sender(task: Task, store: Store, watch: Watcher) -> Sender:
    """What a pilot sends with: its answers belong to no run yet, and its dollars to the task's budget."""
    run = stores.pilot_of(task.spec.task)
    budget = Budget(task.spec.budget.usd, store.spent(run) + _spent_under_way(task, store))
    return Sender(store=store, run=run, budget=budget, watch=watch)


def _spent_under_way(task: Task, store: Store) -> float:
    """Dollars of the run that these calls will belong to, where it is under way already: its budget is theirs."""
    last = latest(task.home, task.spec.task)
    return store.spent(last.name) if last and "report" not in last.manifest()["stages"] else 0.0
