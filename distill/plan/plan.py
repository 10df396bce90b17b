"""What a run would send and may cost, before it does.

With a pilot, some rows of each spender are asked for real (their answers are kept, so nothing is paid twice) and tell
what a call uses, how long it takes, and what the endpoint allows; without, nothing is sent and the spec's ceilings stand
in. The first round of asking is exact; rows that gates refuse add to it, up to every training seed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from distill.curate import steps
from distill.curate.gates.judge.expected import expected_verdicts
from distill.curate.gates.judge.requests import judge_spender, judge_warnings
from distill.curate.inputs import read_inputs
from distill.evaluate.judging.stage import warnings_of
from distill.evaluate.scoring import explain
from distill.generate import questions
from distill.generate.questions import TeacherQuestions
from distill.generate.refill import ask_new_seeds, votes_at_most
from distill.pipeline.next_run import growing
from distill.plan import estimate, evaluation
from distill.plan.estimate import Cost, Spender, SpenderEstimate
from distill.plan.pilot import Pilot, run_pilot
from distill.plan.power import PowerNote, power_note
from distill.plan.refresh.ahead import GrowthAhead, growth_ahead
from distill.plan.student import student_estimates
from distill.plan.training import training_estimate
from distill.plan.upper_bound import PassRates, further_spenders
from distill.records import Json
from distill.rundir import latest
from distill.seeds import labelling, prepare
from distill.spec import deadline
from distill.task import event_loop, near_graph, stores
from distill.task.task import Task
from distill.teacher import schedule
from distill.teacher.progress import Silent, Watcher
from distill.teacher.store.store import Store


@dataclass(frozen=True, slots=True)
class SeedCounts:
    """Seeds that were read, and those that are to train and to test on."""

    read: int
    train: int
    test: int


@dataclass(frozen=True, slots=True)
class DeadlineNote:
    """When all must be there, and in `auto` until when batches are given time before the rest goes live."""

    at: str
    batches_until: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Who would be asked how much, and what it may cost."""

    task: str
    seeds: SeedCounts
    rows_wanted: int | None
    pilot: Pilot | None
    spenders: Sequence[SpenderEstimate]
    student_calls: int
    budget_usd: float | None
    deadline: DeadlineNote | None
    warnings: Sequence[str]
    note: str
    scored_by: Sequence[str] = ()
    """What will score the test rows' answers."""
    power: PowerNote | None = None
    """What the test rows can tell; None where no student is compared."""
    growth: GrowthAhead | None = None
    """What a refresh would ask beyond this, and is not in the sum; None where the spec grows nothing."""

    @property
    def total(self) -> Cost:
        """Dollars and seconds over all spenders."""
        return estimate.total([row.cost for row in self.spenders])

    def as_json(self) -> dict[str, Json]:
        cost = dataclasses.asdict(self.total)
        del cost["seconds_at_most"]  # spenders are asked at the same time
        return (
            dataclasses.asdict(self)
            | cost
            | {
                "spenders": [row.as_json() for row in self.spenders],
                "growth": self.growth.as_json() if self.growth else None,
            }
        )


@dataclass(frozen=True, slots=True)
class _Round:
    """The rows that a run begins with: the seeds' table, and the first questions about them."""

    table: pl.DataFrame
    first: TeacherQuestions

    @property
    def tests(self) -> pl.DataFrame:
        return self.table.filter(role="test")


def plan(task: Task, *, pilot: int = 0, watch: Watcher | None = None) -> Plan:
    """The plan of a run; `pilot` rows of each spender are asked first."""
    last = latest(task.home, task.spec.task)
    task = growing.as_grown(task, last) if last is not None else task
    with stores.opened(task.home, task.addresses) as store:
        table = prepare.prepare(task.spec, *labelling.stored_labels(task, store)).kept
        rows = _Round(table, _first_questions(task, table, store))
        tried = [ask for ask in rows.first if ask.teacher == 0][:pilot]
        first, pilot = list(_first_round(task, rows, store)), 0 if answers_by_file(task) else pilot
        seen = (
            event_loop.run(run_pilot(task, first, table, tried, store, watch or Silent(), count=pilot))
            if pilot
            else None
        )
        votes = votes_at_most(task, table, rows.first, near_graph.graph(task.spec, table))
        limits, rates = (seen.limits, seen.rates) if seen else (None, PassRates())
        spenders = [
            *(estimate.estimate(one.behind(rates.failing), store, limits) for one in first),
            *(estimate.estimate(one, store, None) for one in _judges(task, rows, store, rates.judged)),
            *(estimate.estimate(one, store, None) for one in evaluation.judges(task, rows.table, store)),
            *(estimate.estimate(one, store, limits) for one in _voters(task, table, votes)),
            *(estimate.estimate(one, store, None) for one in _further(task, table, rates)),
        ]
        growth = growth_ahead(task, store, {ask.seed for ask in rows.first}, watch or Silent())
        hosted = [training_estimate(task, table, spenders[0]), *student_estimates(task, table, spenders[0])]
    preview = task.spec.dataset.preview
    scoring = explain.ScoringChoice([], []) if preview else explain.before(task)
    return Plan(
        task.spec.task, SeedCounts(len(task.seeds), table.filter(role="train").height, rows.tests.height),
        preview or task.spec.dataset.accept, seen, [*spenders, *(row for row in hosted if row and not preview)],
        student_calls=0 if preview else evaluation.student_calls(task, rows.table),
        budget_usd=task.spec.budget.usd, deadline=_deadline(task, spenders[0]),
        warnings=[*_no_pilot(task), *judge_warnings(task), *warnings_of(task), *_odd_counts(spenders), *scoring.warnings],
        note=_note(task, table, votes), scored_by=scoring.lines, power=_power(task, rows),
        growth=growth,
    )  # fmt: skip


def answers_by_file(task: Task) -> bool:
    """Whether a model that is asked before a student is trained takes no calls, so that no few rows can be tried."""
    return any(address.by_file for address in task.addresses)


def _no_pilot(task: Task) -> list[str]:
    names = sorted({address.model for address in task.addresses if address.by_file})
    if not names:
        return []
    return [f"{', '.join(names)}: answers by file (mode file), so no pilot is sent, and how long it takes is not known"]


def _power(task: Task, rows: _Round) -> PowerNote | None:
    compared = {"teacher", "student"} <= set(task.spec.arms) and task.spec.student.train.with_ != "none"
    compared = compared and task.spec.dataset.preview is None
    return power_note(rows.tests.height, task.spec.evaluate.margin) if compared else None


def _first_questions(task: Task, table: pl.DataFrame, store: Store) -> TeacherQuestions:
    nothing = steps.curate(read_inputs(task, table, [], store))
    return questions.previewed(task, ask_new_seeds(nothing.refill_state(task, table, [])), [])


def _further(task: Task, table: pl.DataFrame, rates: PassRates) -> list[Spender]:
    return [] if task.spec.dataset.preview else further_spenders(task, table, rates)


def _first_round(task: Task, rows: _Round, store: Store) -> Iterator[Spender]:
    """Every teacher for the first round of rows, every arm but the student for the test rows, and who gives labels."""
    for n in range(len(task.teachers)):
        fallback = 0 if task.spec.teacher.panel else n
        asked = [ask._replace(teacher=n) if fallback else ask for ask in rows.first if ask.teacher == n or fallback]
        wanted = questions.requests(task, rows.table, asked)
        yield Spender(questions.spender(task, n), wanted, questions.asked_model(task, n), fallback=fallback)
    yield from evaluation.arms_asked(task, rows.table) if task.spec.dataset.preview is None else ()
    for name in task.label_prompts:
        about = labelling.asked_about(task, store, name)
        yield Spender(labelling.spender(name), labelling.requests(task, name, about), task.labeller(name))


def _judges(task: Task, rows: _Round, store: Store, judged: float) -> Iterator[Spender]:
    """Every judge for the first round of rows."""
    if not task.judges:
        return
    known = steps.curate(read_inputs(task, rows.table, rows.first, store)).verdicts
    for n, judge in enumerate(task.judges):
        expected = expected_verdicts(task, n, rows.table, rows.first, known)
        yield Spender(judge_spender(task, n), expected.requests, judge, judged, expected.answer_tokens)


def _voters(task: Task, table: pl.DataFrame, votes: TeacherQuestions) -> Iterator[Spender]:
    """Every teacher for the votes on rows in conflict."""
    for n, teacher in enumerate(task.teachers):
        if asked := [ask for ask in votes if ask.teacher == n]:
            wanted = questions.requests(task, table, asked)
            yield Spender(f"{questions.spender(task, n)}, asked again", wanted, teacher)


def _odd_counts(spenders: Sequence[SpenderEstimate]) -> list[str]:
    """What the endpoints' own counts have shown, each once."""
    return list(dict.fromkeys(f"{row.model}: {warning}" for row in spenders for warning in row.warnings))


def _note(task: Task, table: pl.DataFrame, votes: TeacherQuestions) -> str:
    if task.spec.dataset.preview is not None:
        return "a preview: it ends after curation, and asks for no test row"
    seeds = f"if gates drop rows, up to {table.filter(role='train').height} training seeds may be sent"
    if not votes:
        return seeds
    rows, each = len({ask.seed for ask in votes}), task.spec.dedup.more_votes
    return (
        f"{seeds}; {rows} rows have a near-duplicate; the plan counts each as in conflict, with {each} further answers"
    )


def _deadline(task: Task, teacher: SpenderEstimate) -> DeadlineNote | None:
    if task.spec.deadline is None:
        return None
    moment = deadline.moment(task.spec.deadline, datetime.now(UTC)).astimezone()
    at = moment.isoformat(timespec="minutes")
    live_s = teacher.ways.live.seconds_expected if teacher.ways else None
    if teacher.mode != "auto" or live_s is None:
        return DeadlineNote(at)
    until = moment - timedelta(seconds=schedule.SLACK * live_s + task.teachers[0].batch.cancel_s)
    return DeadlineNote(at, until.isoformat(timespec="minutes") if until > datetime.now(UTC) else None)
