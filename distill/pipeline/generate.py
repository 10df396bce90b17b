"""The first stage: the teachers are asked until every quota is met or no seed is left."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from distill import reads
from distill.atomic_write import write_json, write_parquet
from distill.curate import judged
from distill.curate.dedup import decisions
from distill.curate.gates.judge.requests import verdict_requests
from distill.curate.gates.judge.send import JudgeCalls
from distill.curate.gates.verify import function
from distill.curate.result import Curated
from distill.errors import BudgetReached, GateNotMet
from distill.evaluate.scoring import own
from distill.exam.sit import asks_for_training, sit
from distill.exam.stop import exam_summary, stop_reason
from distill.generate import questions
from distill.generate.kept import kept_questions, read_relabel
from distill.generate.questions import TeacherQuestions, first_questions, read_asked
from distill.generate.refill import next_questions, reason_text
from distill.pipeline import empty_dataset
from distill.pipeline.ask_teachers import TeacherCalls
from distill.records import Json
from distill.rundir import RunDir, read_json, read_parquet
from distill.seeds import approved, labelling, prepare
from distill.seeds.expansion.rounds import Expansion
from distill.similarity.graph import Graph
from distill.tables.columns import ASKED
from distill.tables.outcome import Outcome
from distill.task import near_graph
from distill.task.run import ActiveRun
from distill.task.stage import stage
from distill.teacher.stored_answers import is_refused


async def generate(run: ActiveRun) -> None:
    """Ask the teacher until every quota is met or no seed is left."""
    outputs = ["seeds.parquet", "seeds_dropped.parquet", "pairs.parquet", "asked.parquet", "seeds.json", "exam.json"]
    await stage(run, "generate", outputs=outputs, work=_generate)


async def _generate(run: ActiveRun) -> Mapping[str, Json]:
    function.import_all(run.task)
    with reads.unrecorded():  # what scores the answers is no reason to ask again
        own.import_all(run.task)
    # What a person decides changes what becomes of answers, and is no reason to ask again: it is not noted here.
    decided = decisions.read_decisions(run.task, run.folder, run.parent)
    split, expansion = await _seeds(run)
    graph = _write_seeds(run, split, expansion)
    await _exam(run, expansion.table)
    asked = _asked_by_parent(run, expansion, decided)
    judge_calls = JudgeCalls(run.task, run.sender, graph, rulings=decided)
    rounds = _Rounds(run, split, expansion, judge_calls, TeacherCalls(run), asked)
    while (result := await rounds.next()) is None:
        continue
    return result


async def _exam(run: ActiveRun, table: pl.DataFrame) -> None:
    """The teacher on rows with a known answer, before the bulk is asked; GateNotMet where it should not be asked at all.

    Where the teacher is asked for no training row, or only for some to look at, there is nothing to save.
    """
    task = run.task
    exam = await sit(task, table, run.sender) if asks_for_training(task, table) else None
    write_json(run.folder / "exam.json", dataclasses.asdict(exam) if exam else {})
    if exam is None:
        return
    for line in exam_summary(exam):
        run.watch.say(f"  {line}")
    reason = stop_reason(exam, task.spec.teacher.exam.at_least)
    if reason and not run.anyway:
        raise GateNotMet(reason)
    if reason:
        run.watch.say(f"  going on (--anyway): {reason}")


async def _seeds(run: ActiveRun) -> tuple[Outcome, Expansion]:
    """(the seeds, those for the test set aside; what makes new ones of them)."""
    task, parent = run.task, read_parquet(run.parent / "seeds.parquet") if run.parent else None
    labelled = await labelling.ask_labels(run, parent)
    before = read_json(run.parent / "seeds.json", dict) if run.parent else {}
    split = prepare.prepare(task.spec, *labelled, bad_rows=task.bad_rows, parent=parent)
    for warning in [
        *prepare.lost_test_rows(split.report),
        *prepare.fewer_test_rows(split.report["test"], task.spec, split.kept),
    ]:
        run.watch.say(f"  {warning}")
    return split, Expansion(task, split.kept, split.rejected, parent, before.get("expand") or {})


def _asked_by_parent(run: ActiveRun, expansion: Expansion, decided: Mapping[str, str]) -> TeacherQuestions:
    """The first questions about the seeds that the run before asked, as far as they may be asked now; those that keep the answers
    of an earlier teacher as they are.
    """
    relabel = read_relabel(run.folder)
    before = run.parent or (_copied_from(run) if relabel else None)
    if before is None:
        return []
    askable = set(approved.askable(run.task, expansion.table)["seed_id"]) - decided.keys()
    strata = {seed: name for seed, name in expansion.table.select("seed_id", "stratum").iter_rows() if seed in askable}
    kept: TeacherQuestions = []
    if relabel is not None:
        relabel = relabel if run.parent else dataclasses.replace(relabel, same=True)
        kept = kept_questions(before, relabel, strata)
    done = {question.seed for question in kept}
    earlier = dict.fromkeys(question.seed for question in read_asked(before) if question.seed not in done)
    again = [question for seed in earlier if seed in askable for question in first_questions(run.task, seed)]
    return questions.previewed(run.task, [*kept, *again], [])


def _copied_from(run: ActiveRun) -> RunDir | None:
    """The run that this one began as a copy of."""
    name = run.folder.manifest().get("copied_from")
    return RunDir(run.folder.home, run.folder.task, int(str(name).rsplit("/", 1)[1])) if name else None


@dataclass(slots=True)
class _Rounds:
    """Rounds of asking, curating what came, and finding out what to ask next."""

    run: ActiveRun
    split: Outcome
    expansion: Expansion
    judge_calls: JudgeCalls
    calls: TeacherCalls
    asked: TeacherQuestions

    async def next(self) -> Mapping[str, Json] | None:
        """One round: None where another follows, else what the stage comes to."""
        _write_asked(self.run, self.expansion, self.asked)
        if self.asked:
            await self.calls.send(self.expansion.table, self.asked)
        curation = await judged.curated(self.judge_calls, self.expansion.table, self.asked, self.expansion.room)
        for warning in curation.warnings:
            self.run.watch.say(f"  {warning}")
        function.stop_if_useless(curation.funnel)
        state = curation.refill_state(
            self.run.task, self.expansion.table, self.asked,
            may_come=self.calls.may_come, decided=self.judge_calls.rulings,
        )  # fmt: skip
        more = questions.previewed(self.run.task, next_questions(state), self.asked)
        if more and self.asked:
            self.run.watch.say(f"  {reason_text(more, self.asked)}")
        more = more or await self._of_new_seeds(curation)
        self.asked += more
        return None if more else self._result(curation)

    async def _of_new_seeds(self, curation: Curated) -> TeacherQuestions:
        """The questions about a round of new seeds, which are written down before they are asked; none where it brought none."""
        if (
            self.run.task.spec.dataset.preview
            or not curation.missing
            or not self.expansion.room
            or self._awaited(curation)
        ):
            return []
        try:
            names = await self.expansion.round(curation.missing, curation.seeds.passed, self.run.sender)
        except BudgetReached as fault:
            missing = ", ".join(f"{count} of {stratum}" for stratum, count in curation.missing.items())
            raise BudgetReached(f"{fault} Still missing when new seeds were asked for: {missing}.") from None
        made, tried = len(names), self.expansion.tried.total()
        self.run.watch.say(f"  {made} synthetic seeds made, {tried} asked for so far")
        self.judge_calls.graph = _write_seeds(self.run, self.split, self.expansion)
        return [question for seed in names for question in first_questions(self.run.task, seed)]

    def _awaited(self, curation: Curated) -> bool:
        """Whether rows are pending that may still come: no new seed is paid for in their place. What was refused for good is not."""
        run = self.run
        verdicts = verdict_requests(run.task, curation.verdicts.unanswered if curation.verdicts.pending else [])
        pending = self.calls.pending_for_now(self.asked) + self.expansion.pending
        if pending or any(not is_refused(run.store, verdict) for verdict in verdicts):
            run.watch.say("  rows are pending, so no synthetic seeds are made in their place")
            return True
        return False

    def _result(self, curation: Curated) -> Mapping[str, Json]:
        pending = self.calls.pending(self.asked) + len(curation.verdicts.pending) + self.expansion.pending
        useless = self.asked and not pending and not curation.kept.height
        none_pass = {"none_pass": empty_dataset.reasons(curation.dropped)} if useless else {}
        return {"asked": len(self.asked), "owed": pending, **none_pass}


def _write_seeds(run: ActiveRun, split: Outcome, expansion: Expansion) -> Graph:
    """The run's seeds: real ones, made ones, and those that went; and which of them are near each other, also returned."""
    graph = near_graph.graph(run.task.spec, expansion.table, split.rejected)
    made = near_graph.write(run.folder, graph, expansion.table)
    write_parquet(run.folder / "seeds.parquet", expansion.table)
    write_parquet(run.folder / "seeds_dropped.parquet", pl.concat([split.dropped, expansion.dropped]))
    write_json(run.folder / "seeds.json", {**split.report, "graph": made, "expand": expansion.report})
    return graph


def _write_asked(run: ActiveRun, expansion: Expansion, asked: TeacherQuestions) -> None:
    """What is asked, written before it is sent: `explain` shows it also while rows are out."""
    made = iter(questions.requests(run.task, expansion.table, [one for one in asked if not one.request_id]))
    rows = [(*question[:-1], question.request_id or next(made).id) for question in asked]
    write_parquet(run.folder / "asked.parquet", pl.DataFrame(rows, schema=ASKED, orient="row"))
