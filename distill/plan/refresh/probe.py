"""`distill refresh` before it is paid for: what changed since the last run, a sample of the new teacher's answers, and the plan.

Nothing changed: no request, no store is opened. Where the teacher is asked as it was, nothing is sampled either: only gates, base or seeds
changed, and every answer is in the store. The sample's dollars count in the run that follows, as those of `distill plan` do.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from distill.atomic_write import write_json
from distill.errors import RowsOwed, UsageError
from distill.evaluate import arms
from distill.generate import questions
from distill.generate.kept import relabel_of
from distill.generate.questions import TeacherQuestion, TeacherQuestions, first_questions, read_asked
from distill.money import known_usd
from distill.pipeline import run_number
from distill.plan.estimate import Spender, SpenderEstimate, estimate
from distill.plan.pilot import pilot_sender
from distill.plan.refresh import answers, decide, sample
from distill.plan.refresh.result import FILE, Disagreements, RefreshPlan, StratumProbe
from distill.plan.training import training_estimate
from distill.records import GOLD, Answer
from distill.rundir import RunDir, latest, read_json, read_parquet
from distill.seeds import approved, labelling, prepare
from distill.seeds.expansion.rounds import Expansion
from distill.task import event_loop, stores
from distill.task.interrupt import interruptible
from distill.task.requirements import need_price
from distill.task.task import Task
from distill.teacher.progress import Silent, Watcher
from distill.teacher.send import Interrupted
from distill.teacher.store.store import Store
from distill.teacher.stored_answers import final_answer

SPENDER = "probe"
_TRAINED_ON = ("student.", "gates", "dedup.", "dataset.", "strata.", "seeds.", "judge.")
"""Settings of which a change can make another dataset or student."""


async def probe(task: Task, watch: Watcher | None = None) -> RefreshPlan:
    """What a refresh would do; the sample of the new teacher is asked, and kept. refresh.json beside the task's runs holds the plan."""
    need_price(task)
    last = latest(task.home, task.spec.task)
    if last is None:
        raise UsageError(f"{task.spec.task} has no run to refresh yet; start with `distill run {task.path}`")
    if run_number.finished(last) and not run_number.changed_since(task, last):
        return RefreshPlan(last.name, [])
    parent = run_number.refreshable(task, last)
    with stores.opened(task.home) as store:
        plan = await _Probe(task, parent, store, watch or Silent()).plan()
    write_json(task.home / "runs" / task.spec.task / FILE, plan.as_json())
    return plan


plan_refresh = event_loop.finished(probe)
"""The same from a thread whose loop, if it has one, goes on."""


@dataclass(frozen=True)
class _Probe:
    """One probe: the task as it is now, and the run that would be refreshed."""

    task: Task
    parent: RunDir
    store: Store
    watch: Watcher

    async def plan(self) -> RefreshPlan:
        changes = run_number.changed_since(self.task, self.parent)
        found = RefreshPlan(
            self.parent.name, changes, self.task.models, str(self.parent.manifest().get("teacher", "?"))
        )
        drawn = self._rows.filter(pl.col("seed_id").is_in(sample.drawn(self._strata)))
        asked = [TeacherQuestion(seed, 0, 0) for seed in drawn["seed_id"]]
        if self._as_before(asked):
            return self._priced(dataclasses.replace(found, relabel=relabel_of(self.parent, [], same=True)))
        sent, usd = await self._ask(asked)
        new = self._new(asked)
        strata = self._probed(drawn, new)
        chosen = [one.stratum for one in strata if one.relabel]
        return self._priced(dataclasses.replace(
            found, strata=strata, expected=decide.expected(strata), probe_requests=sent, probe_usd=usd, usd_per_answer=self._usd_each(new),
            relabel=relabel_of(self.parent, chosen, same=False),
        ))  # fmt: skip

    @cached_property
    def _table(self) -> pl.DataFrame:
        """The seeds as the new run will have them, those made by the parent among them."""
        before = read_parquet(self.parent / "seeds.parquet")
        labelled = labelling.stored_labels(self.task, self.store)
        split = prepare.prepare(self.task.spec, *labelled, parent=before)
        for line in prepare.lost_test_rows(split.report):
            self.watch.say(f"  {line}")
        made = read_json(self.parent / "seeds.json", dict).get("expand") or {}
        return Expansion(self.task, split.kept, split.rejected, before, made).table

    @cached_property
    def _ids(self) -> dict[str, str]:
        """Seed → the request of the answer that the parent's teacher gave it first."""
        rows = read_parquet(self.parent / "samples.parquet", ["seed_id", "request_id", "teacher", "draw"])
        first = rows.filter(pl.col("teacher") != GOLD).drop_nulls("request_id").sort("seed_id", "draw")
        return dict(
            first.unique("seed_id", keep="first", maintain_order=True).select("seed_id", "request_id").iter_rows()
        )

    @cached_property
    def _rows(self) -> pl.DataFrame:
        """The training rows that a teacher may be asked and the parent has an answer to."""
        train = approved.askable(self.task, self._table)
        return self._table.filter(
            pl.col("seed_id").is_in(train["seed_id"].implode()) & pl.col("seed_id").is_in(list(self._ids))
        )

    @cached_property
    def _strata(self) -> dict[str, str]:
        return dict(self._rows.select("seed_id", "stratum").iter_rows())

    def _as_before(self, asked: Sequence[TeacherQuestion]) -> bool:
        """Whether the parent asked the teacher exactly so: its answers are the new ones."""
        ids = set(read_parquet(self.parent / "asked.parquet", ["request_id"])["request_id"])
        own = {one.seed for one in read_asked(self.parent) if one.teacher >= 0}
        some = [one for one in asked if one.seed in own]
        return all(request.id in ids for request in questions.requests(self.task, self._table, some)) and bool(
            some or not asked
        )

    async def _ask(self, asked: TeacherQuestions) -> tuple[int, float | None]:
        """Ask the sample, within the task's budget; (requests sent, dollars)."""
        model, requests = self.task.teachers[0], questions.requests(self.task, self._table, asked)
        sender = pilot_sender(self.task, self.store, self.watch)
        ahead = estimate(Spender(SPENDER, requests, model), self.store, None)
        most = f", at most ${ahead.cost.usd_at_most:.4f}" if ahead.cost.usd_at_most else ""
        self.watch.say(
            f"  {len(asked):,} rows are asked of {model.address.model} to see what it would change, {ahead.to_send:,} not asked before{most}"
        )
        before, unpriced = self.store.spent(sender.run), self.store.unpriced(sender.run)
        try:
            with interruptible(sender):
                await sender.live(requests, model, SPENDER)
        except Interrupted:
            raise
        except RowsOwed as fault:  # some rows are refused or failed: the others tell
            if not self.store.held([request.id for request in requests]):
                raise
            self.watch.say(f"  {fault}")
        return sender.sends, known_usd(
            self.store.spent(sender.run) - before, self.store.unpriced(sender.run) - unpriced
        )

    def _new(self, asked: TeacherQuestions) -> dict[str, Answer]:
        """Seed → the new teacher's answer; those that it declined are none."""
        raise_to, new = self.task.teachers[0].sampling.raise_to, dict[str, Answer]()
        for question, request in zip(asked, questions.requests(self.task, self._table, asked), strict=True):
            answer = final_answer(self.store, request, raise_to)[1]
            if answer is not None and not answer.declined:
                new[question.seed] = answer
        return new

    def _usd_each(self, new: Mapping[str, Answer]) -> float | None:
        priced = self.task.teachers[0].address.price is not None
        return sum(answer.usd for answer in new.values()) / len(new) if priced and new else None

    def _probed(self, drawn: pl.DataFrame, new: Mapping[str, Answer]) -> list[StratumProbe]:
        told = {seed: self.store.get(self._ids[seed]) for seed in drawn["seed_id"]}
        old = {seed: answer for seed, answer in told.items() if answer is not None}
        pairs: dict[str, list[answers.AnswerPair]] = {}
        for pair in answers.compared(self.task, drawn, old, new):
            pairs.setdefault(self._strata[pair.seed], []).append(pair)
        rows, sampled = Counter(self._strata.values()), Counter(drawn["stratum"].to_list())
        return [self._stratum(name, rows[name], sampled[name], pairs.get(name, [])) for name in sorted(rows)]

    def _stratum(self, name: str, rows: int, asked: int, pairs: Sequence[answers.AnswerPair]) -> StratumProbe:
        who = Counter(pair.known for pair in pairs if pair.known is not None)
        known = Disagreements(who.total(), who["new"], who["old"], who["both"], who["neither"])
        return decide.judged(
            name, rows=rows, asked=asked, answered=len(pairs), changed=sum(pair.differs for pair in pairs), known=known,
            margin=self.task.spec.evaluate.margin,
        )  # fmt: skip

    def _priced(self, found: RefreshPlan) -> RefreshPlan:
        """The plan with what is still to be asked, and what it may cost."""
        fresh = self._fresh()
        anew = [seed for seed, stratum in self._asked_before().items() if stratum in found.chosen]
        train = [one for seed in (*anew, *fresh) for one in first_questions(self.task, seed)]
        spenders = [self._estimated(name, [one for one in train if one.teacher == n]) for n, name in self._names()]
        tests = self._table.filter(role="test")
        teacher = next((arm for arm in arms.arms_of(self.task, student=None) if arm.name == "teacher"), None)
        if teacher is not None:
            requests = arms.requests(self.task, teacher, tests)
            spenders.append(estimate(Spender("evaluate teacher", requests, self.task.teachers[0]), self.store, None))
        retrain = bool(anew or fresh) or any(
            name.startswith(_TRAINED_ON) or name == self.task.spec.student.prompt for name in found.changes
        )
        trained = training_estimate(self.task, self._table, spenders[0]) if retrain else None
        return dataclasses.replace(
            found, spenders=[*spenders, *([trained] if trained else [])], new_rows=len(fresh), retrain=retrain,
            advice=_advice(found, len(anew), len(fresh), retrain),
            idle=not retrain and all(self._of_teacher(name) for name in found.changes),
        )  # fmt: skip

    def _names(self) -> list[tuple[int, str]]:
        """(number, spender) of the teachers that are asked first."""
        return [(n, questions.spender(self.task, n)) for n in range(1 + len(self.task.spec.teacher.panel))]

    def _estimated(self, name: str, asked: TeacherQuestions) -> SpenderEstimate:
        at = self.task.teachers[asked[0].teacher if asked else 0]
        return estimate(Spender(name, questions.requests(self.task, self._table, asked), at), self.store, None)

    def _of_teacher(self, change: str) -> bool:
        """Whether a setting or a file that changed is one of the teacher's alone."""
        teacher = self.task.spec.teacher
        return change.startswith("teacher.") or change in (teacher.prompt, teacher.output, teacher.tools)

    def _asked_before(self) -> dict[str, str]:
        """Seed → stratum of every row that the parent asked about, and that may be asked now."""
        earlier = {question.seed for question in read_asked(self.parent)}
        rows = approved.askable(self.task, self._table).select("seed_id", "stratum").iter_rows()
        return {seed: stratum for seed, stratum in rows if seed in earlier}

    def _fresh(self) -> list[str]:
        """Training seeds that the parent did not have: as many are asked as the quotas need, all of them at most."""
        before = set(read_parquet(self.parent / "seeds.parquet", ["seed_id"])["seed_id"])
        return [seed for seed in approved.askable(self.task, self._table)["seed_id"] if seed not in before]


def _advice(found: RefreshPlan, anew: int, fresh: int, retrain: bool) -> str:
    if not retrain and not found.strata and found.earlier != found.teacher:
        return "Nothing to ask anew: no training row has an answer of a teacher."
    if not retrain and not found.strata:
        return "Nothing to ask, and the student may stay as it is: what changed is how it is compared, or not of the dataset."
    if not retrain:
        return (
            "Nothing to ask anew: the new teacher's answers are not clearly others, so the student may stay as it is."
        )
    parts = [
        *([f"ask {anew:,} rows of {len(found.chosen)} of {len(found.strata)} strata anew"] if anew else []),
        *([f"ask at most {fresh:,} new rows"] if fresh else []),
        "train again",
    ]
    said = ", ".join(parts)
    return f"{said[0].upper()}{said[1:]}."
