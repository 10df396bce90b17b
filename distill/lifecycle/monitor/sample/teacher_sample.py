"""Logged calls that the teacher answers too: how often the shipped student says something else, beside how often it did on the test rows.

They are asked as a run would ask them, through the answer store: an input that was asked before costs nothing. What the next call may cost is
reserved below `budget.usd` (`--max-usd`), of which each look has all. Where answers are free text, the task's judge compares both; what
that can cost is named beforehand too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.errors import AccessRefused, BudgetReached, DistillError, RowsOwed
from distill.evaluate.judging.asking import EvaluationJudges
from distill.evaluate.judging.measures.family import family_warnings
from distill.generate import questions
from distill.generate.questions import TeacherQuestion
from distill.lifecycle.monitor.rates.known_inputs import Count
from distill.lifecycle.monitor.rates.signals import BETTER, TEACHER
from distill.lifecycle.monitor.result import JudgedSample, TeacherAsked
from distill.lifecycle.monitor.sample.differing import differing, is_free_text, student_said
from distill.lifecycle.monitor.sample.judged_pairs import JudgedCalls, judged_calls, judges_at_most, judges_of_calls
from distill.money import Budget, known_usd, most_usd
from distill.records import Answer, Request, content_id
from distill.stats import Estimate, proportion
from distill.task import stores
from distill.task.interrupt import interruptible
from distill.task.task import Task
from distill.teacher import schedule
from distill.teacher.progress import Watcher
from distill.teacher.requests import ceiling
from distill.teacher.send import Interrupted, Sender
from distill.teacher.store.store import Store
from distill.teacher.stored_answers import final_answer

SPENDER = "monitor teacher"


@dataclass(frozen=True, slots=True)
class SampleAsked:
    """What came of a sample; `shows` says by signal of each input that was compared whether it shows it, `fault` why not all were asked."""

    figures: TeacherAsked
    shows: Mapping[str, Mapping[str, bool]]
    teacher: Mapping[str, str]
    """Input → what the teacher said."""
    fault: DistillError | None = None
    warnings: Sequence[str] = ()

    @property
    def counts(self) -> dict[str, Count]:
        """By signal, of those of which something was compared."""
        return {name: Count(sum(found.values()), len(found)) for name, found in self.shows.items() if found}


async def ask_teacher(task: Task, calls: pl.DataFrame, own: Mapping[str, Count], watch: Watcher) -> SampleAsked:
    """Ask the teacher the calls (input, fields, answer, tool_calls) whose fields the log tells; `own` are the run's figures by signal."""
    sample = _Sample.of(task, calls.drop_nulls("fields"))
    with stores.opened(task.home, task.addresses) as store:
        run = f"{task.spec.task}/monitor"
        before, unpriced = store.spent(run), store.unpriced(run)
        sender = Sender(store=store, run=run, budget=Budget(task.spec.budget.usd, 0.0), watch=watch)
        sample.announce(store, watch)
        fault = await sample.ask(sender)
        asked, said = sender.sends, sample.answered(store)
        judged = None if fault else await sample.judge(sender, said)
        usd = known_usd(store.spent(run) - before, store.unpriced(run) - unpriced)
        pending = sample.pending(store)
    differs = {} if sample.judges else differing(task, sample.student, said)
    shows = {TEACHER: differs, BETTER: judged.worse if judged else {}}
    figures = TeacherAsked(
        rows=len(sample.requests), asked=asked, usd=usd, pending=pending, differs=_share(differs), own=_figure(own.get(TEACHER)),
        judged=_judged(judged, sender.sends - asked, own.get(BETTER)),
    )  # fmt: skip
    warned = (
        family_warnings([one.address.model for one in sample.judges.models], [task.models], [])
        if judged and sample.judges
        else []
    )
    return SampleAsked(figures, shows, said, fault or (judged.fault if judged else None), warned)


@dataclass(frozen=True)
class _Sample:
    """The calls of a sample, and the requests to the teacher about them. `judges` are there where answers are free text."""

    task: Task
    inputs: Sequence[str]
    requests: Sequence[Request]
    student: Mapping[str, tuple[str, str]]
    judges: EvaluationJudges | None

    @classmethod
    def of(cls, task: Task, calls: pl.DataFrame) -> _Sample:
        table = calls.select(
            pl.col("fields").map_elements(_seed_id, return_dtype=pl.String).alias("seed_id"), "fields", "input"
        )
        asked = [TeacherQuestion(seed, 0, 0) for seed in table["seed_id"]]
        student = {
            text: (student_said(answer, made), made)
            for text, answer, made in calls.select("input", "answer", "tool_calls").iter_rows()
        }
        free = is_free_text(task, {text: said for text, (said, _) in student.items()})
        requests = questions.requests(task, table, asked)
        return cls(task, table["input"].to_list(), requests, student, judges_of_calls(task) if free else None)

    @property
    def said(self) -> dict[str, str]:
        """Input → what the student said."""
        return {text: said for text, (said, _) in self.student.items()}

    def announce(self, store: Store, watch: Watcher) -> None:
        """What is about to be asked, and the most that it can cost."""
        model = self.task.teachers[0]
        open_ = [one for one in self.requests if store.get(one.id) is None]
        price = model.address.price
        most = None if price is None else sum(most_usd(price, ceiling(one)) for one in open_)
        said = [
            f"{len(self.requests):,} logged calls are asked of {model.address.model}",
            f"{len(open_):,} not asked before",
        ]
        if self.judges is not None:
            asked, more = judges_at_most(self.task, self.judges, self.said)
            said.append(f"at most {asked:,} questions about the answers to {', '.join(self.judges.names)}")
            most = None if most is None or more is None else most + more
        watch.say(f"  {', '.join([*said, *([f'at most ${most:.4f}'] if most is not None else [])])}")

    async def ask(self, sender: Sender) -> DistillError | None:
        """Ask the teacher what was not asked before; why not all was."""
        try:
            with interruptible(sender):
                await schedule.at_once(sender, self.requests, self.task.teachers[0], SPENDER)
        except Interrupted:
            raise
        except (RowsOwed, BudgetReached, AccessRefused) as ended:
            return ended
        return None

    async def judge(self, sender: Sender, teacher: Mapping[str, str]) -> JudgedCalls | None:
        """What the judges say of the answers; None where there is none to be asked."""
        if self.judges is None or not teacher:
            return None
        with interruptible(sender):
            return await judged_calls(self.task, self.judges, sender, self.said, teacher)

    def answered(self, store: Store) -> dict[str, str]:
        """Input → what the teacher said; what it declined is left out."""
        found = dict(zip(self.inputs, self._final(store), strict=True))
        return {text: one.said for text, one in found.items() if one is not None and one.ok and not one.declined}

    def pending(self, store: Store) -> int:
        """The calls that the teacher has not answered."""
        return sum(one is None for one in self._final(store))

    def _final(self, store: Store) -> Iterator[Answer | None]:
        raise_to = self.task.teachers[0].sampling.raise_to
        return (final_answer(store, request, raise_to)[1] for request in self.requests)


def _seed_id(fields: str) -> str:
    return content_id(json.loads(fields))


def _share(shows: Mapping[str, bool]) -> Estimate | None:
    return _figure(Count(sum(shows.values()), len(shows)))


def _figure(count: Count | None) -> Estimate | None:
    return proportion(count.hits, count.rows) if count is not None and count.rows else None


def _judged(found: JudgedCalls | None, asked: int, own: Count | None) -> JudgedSample | None:
    if found is None:
        return None
    pairs = found.result
    return JudgedSample(
        asked=asked, student_better=pairs.wins, teacher_better=pairs.losses, ties=pairs.ties, by_order=pairs.inconsistent, unread=pairs.unjudged,
        worse=_share(found.worse), own=_figure(own),
    )  # fmt: skip
