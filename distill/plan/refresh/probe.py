"""`distill refresh` before it is paid for: what changed since the last run, a sample of the new teacher's answers, and the plan.

Nothing changed: no request, no store is opened. Where the teacher is asked as it was, nothing is sampled either: only gates, base or seeds
changed, and every answer is in the store. Where no known answer says whose answers are right, the spec's judges compare those that differ
(`preference`). The sample's dollars count in the run that follows, as those of `distill plan` do.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.atomic_write import write_json
from distill.errors import RowsOwed, UsageError
from distill.evaluate.judging.asking import EvaluationJudges
from distill.generate import questions
from distill.generate.kept import relabel_of
from distill.generate.questions import TeacherQuestion, TeacherQuestions
from distill.money import known_usd
from distill.pipeline.next_run import run_number
from distill.pipeline.next_run.growing import growth_of, with_growth
from distill.plan.estimate import Spender, estimate, total
from distill.plan.pilot import pilot_sender
from distill.plan.refresh import answers, decide, preference, sample
from distill.plan.refresh.price import priced
from distill.plan.refresh.result import FILE, Disagreements, RefreshPlan, StratumProbe
from distill.plan.refresh.rows import RefreshRows
from distill.records import Answer
from distill.rundir import latest
from distill.seeds import labelling
from distill.task import event_loop, stores
from distill.task.interrupt import interruptible
from distill.task.requirements import need_price
from distill.task.task import Task
from distill.teacher import schedule
from distill.teacher.progress import Silent, Watcher
from distill.teacher.schedule import InBatches
from distill.teacher.send import Interrupted, Sender
from distill.teacher.stored_answers import final_answer

SPENDER = "probe"
_EVEN = "no stratum grows: the student misses in none of them clearly more than in the others"


async def probe(task: Task, watch: Watcher | None = None) -> RefreshPlan:
    """What a refresh would do; the sample of the new teacher is asked, and kept. refresh.json beside the task's runs holds the plan."""
    need_price(task)
    last = latest(task.home, task.spec.task)
    if last is None:
        raise UsageError(f"{task.spec.task} has no run to refresh yet; start with `distill run {task.path}`")
    if run_number.finished(last) and not run_number.changed_since(task, last):
        return RefreshPlan(last.name, [], advice=_EVEN if task.spec.seeds.grow else "")
    parent = run_number.refreshable(task, last)
    with stores.opened(task.home, task.addresses) as store:
        growth = growth_of(task, parent, labelling.stored_labels(task, store).seeds)
        rows = RefreshRows(with_growth(task, growth), parent, store, watch or Silent())
        plan = await _Probe(rows, pilot_sender(task, store, rows.watch)).plan()
    write_json(task.home / "runs" / task.spec.task / FILE, plan.as_json())
    return plan


plan_refresh = event_loop.finished(probe)
"""The same from a thread whose loop, if it has one, goes on."""


@dataclass(frozen=True)
class _Probe:
    """One probe: the task as it is now, and the run that would be refreshed."""

    rows: RefreshRows
    sender: Sender

    @property
    def task(self) -> Task:
        return self.rows.task

    async def plan(self) -> RefreshPlan:
        parent = self.rows.parent
        changes = run_number.changed_since(self.task, parent)
        found = RefreshPlan(parent.name, changes, self.task.models, str(parent.manifest().get("teacher", "?")))
        drawn = self.rows.answered.filter(pl.col("seed_id").is_in(sample.drawn(self.rows.strata)))
        asked = [TeacherQuestion(seed, 0, 0) for seed in drawn["seed_id"]]
        if self.rows.as_before(asked):
            return priced(dataclasses.replace(found, relabel=relabel_of(parent, [], same=True)), self.rows)
        judges = preference.judges(self.task)
        spent, unpriced = self._spent()
        self._announce(asked, judges, drawn)
        await self._ask(asked)
        new, to_teacher = self._new(asked), self.sender.sends
        strata = await self._probed(drawn, new, judges)
        usd = known_usd(self._spent()[0] - spent, self._spent()[1] - unpriced)
        chosen = [one.stratum for one in strata if one.relabel]
        warned = preference.warnings(judges, [self.task.models, *found.earlier.split(" + ")]) if judges else []
        return priced(dataclasses.replace(
            found, strata=strata, expected=decide.expected(strata), probe_requests=to_teacher,
            judge_requests=self.sender.sends - to_teacher, probe_usd=usd, usd_per_answer=self._usd_each(new), relabel=relabel_of(parent, chosen, same=False),
            warnings=warned if any(one.judged for one in strata) else [],
        ), self.rows)  # fmt: skip

    def _spent(self) -> tuple[float, int]:
        store, run = self.rows.store, self.sender.run
        return store.spent(run), store.unpriced(run)

    def _announce(self, asked: TeacherQuestions, judges: EvaluationJudges | None, drawn: pl.DataFrame) -> None:
        """What is about to be asked, and what that may cost."""
        store, watch, model = self.rows.store, self.rows.watch, self.task.teachers[0]
        ahead = estimate(Spender(SPENDER, questions.requests(self.task, self.rows.table, asked), model), store, None)
        old = self._old(drawn)
        rows = [
            preference.differing(self.task, row, old=old[row["seed_id"]].said)
            for row in drawn.iter_rows(named=True)
            if row["seed_id"] in old
        ]
        to_judges = [estimate(one, store, None) for one in preference.at_most(self.task, judges, rows)]
        most = total([ahead.cost, *(one.cost for one in to_judges)]).usd_at_most
        watch.say(
            f"  {len(asked):,} rows are asked of {model.address.model} to see what it would change, {ahead.to_send:,} not asked before"
            f"{f', at most ${most:.4f}' if most else ''}"
        )
        if judges is not None:
            most_asked, names = 2 * len(rows) * len(judges.models), ", ".join(judges.names)
            watch.say(
                f"    with at most {most_asked:,} questions to {names}: which is better, where answers differ and none is known"
            )

    async def _ask(self, asked: TeacherQuestions) -> None:
        """Ask the sample, within the task's budget."""
        model, requests = self.task.teachers[0], questions.requests(self.task, self.rows.table, asked)
        try:
            with interruptible(self.sender):
                await schedule.at_once(self.sender, requests, model, SPENDER)
        except (Interrupted, InBatches):
            raise
        except RowsOwed as fault:  # some rows are refused or failed: the others tell
            if not self.rows.store.held([request.id for request in requests]):
                raise
            self.rows.watch.say(f"  {fault}")

    def _old(self, drawn: pl.DataFrame) -> dict[str, Answer]:
        """Seed → the answer that the run before has."""
        told = {seed: self.rows.store.get(self.rows.ids[seed]) for seed in drawn["seed_id"]}
        return {seed: answer for seed, answer in told.items() if answer is not None}

    def _new(self, asked: TeacherQuestions) -> dict[str, Answer]:
        """Seed → the new teacher's answer; those that it declined are none."""
        raise_to, new = self.task.teachers[0].sampling.raise_to, dict[str, Answer]()
        for question, request in zip(asked, questions.requests(self.task, self.rows.table, asked), strict=True):
            answer = final_answer(self.rows.store, request, raise_to)[1]
            if answer is not None and not answer.declined:
                new[question.seed] = answer
        return new

    def _usd_each(self, new: Mapping[str, Answer]) -> float | None:
        priced = self.task.teachers[0].address.price is not None
        return sum(answer.usd for answer in new.values()) / len(new) if priced and new else None

    async def _probed(
        self, drawn: pl.DataFrame, new: Mapping[str, Answer], judges: EvaluationJudges | None
    ) -> list[StratumProbe]:
        old, pairs = self._old(drawn), dict[str, list[answers.AnswerChange]]()
        for pair in answers.compared(self.task, drawn, old, new):
            pairs.setdefault(self.rows.strata[pair.seed], []).append(pair)
        counts, sampled = Counter(self.rows.strata.values()), Counter(drawn["stratum"].to_list())
        found = [self._stratum(name, counts[name], sampled[name], pairs.get(name, [])) for name in sorted(counts)]
        due = {pair.seed for one in found if decide.needs_judge(one) for pair in pairs[one.stratum] if pair.differs}
        if judges is None or not due:
            return found
        rows = [
            preference.differing(self.task, row, new=new[row["seed_id"]].said, old=old[row["seed_id"]].said)
            for row in drawn.filter(pl.col("seed_id").is_in(due)).iter_rows(named=True)
        ]
        with interruptible(self.sender):
            preferred = await preference.preferences(judges, self.sender, rows)
        return [decide.with_judge(one, preferred[one.stratum]) if one.stratum in preferred else one for one in found]

    def _stratum(self, name: str, rows: int, asked: int, pairs: Sequence[answers.AnswerChange]) -> StratumProbe:
        who = Counter(pair.known for pair in pairs if pair.known is not None)
        known = Disagreements(who.total(), who["new"], who["old"], who["both"], who["neither"])
        return decide.judged(
            name, rows=rows, asked=asked, answered=len(pairs), changed=sum(pair.differs for pair in pairs), known=known,
            margin=self.task.spec.evaluate.margin,
        )  # fmt: skip
