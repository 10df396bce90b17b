"""A plan as a table for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from distill.exam.stop import exam_summary
from distill.money import shown
from distill.plan.estimate import WINDOW_S, Cost, SpenderEstimate
from distill.plan.pilot import Pilot
from distill.plan.plan import DeadlineNote, Plan
from distill.plan.power import PowerNote, enough
from distill.plan.refresh.ahead import GrowthAhead
from distill.text.percentages import points

_NAME = 18
"""Characters of the first column: with it a row of the table fits a terminal of 80."""


def plan_lines(plan: Plan) -> list[str]:
    """A row for each spender, then what all of it comes to."""
    seeds = plan.seeds
    return [
        f"{plan.task}: {seeds.read} seeds, {seeds.train} to train on, {seeds.test} test rows; {plan.rows_wanted or 'all'} rows wanted",
        f"{'':{_NAME}}{'in store':>9}{'to send':>9}{'tokens in':>12}{'out at most':>12}{'$ at most':>11}{'time':>9}",
        *(line for row in plan.spenders for line in _spender_lines(row)),
        *(_ways_line(row) for row in plan.spenders if row.ways),
        *([_deadline_line(plan.deadline, plan.spenders[0])] if plan.deadline else []),
        *([_student_line(plan.student_calls)] if plan.student_calls and not _priced_student(plan) else []),
        *(_pilot_lines(plan.pilot) if plan.pilot else ["nothing was sent: figures are maximums (--no-pilot)"]),
        *([_power_line(plan.power)] if plan.power else []),
        _total_line(plan),
        *([_growth_line(plan.growth)] if plan.growth else []),
        *(f"scored: {one}" for one in plan.scored_by),
        *(f"warning: {warning}" for warning in plan.warnings),
    ]


def _spender_lines(row: SpenderEstimate) -> list[str]:
    cost = row.cost
    said = [
        f"{_named(row.spender)}{row.in_store:>9,}{row.to_send:>9,}"
        f"{row.prompt_tokens:>12,}{row.completion_tokens_at_most:>12,}{_usd(cost.usd_at_most):>11}"
        f"{_when(row):>9}"
    ]
    if cost.usd_expected is not None:
        said.append(f"{'':{_NAME}}  $ {cost.usd_expected:.4f} ({cost.usd_low:.4f}–{cost.usd_high:.4f}) expected")
    if row.endpoints > 1:
        said.append(f"{'':{_NAME}}  at {row.endpoints} endpoints, {row.model} at each")
    if row.share_expected < 1 or row.only:
        judge = row.spender.startswith("judge ")
        what = row.only or ("the gates before it let pass" if judge else "those before it fail")
        about = f", about {row.share_expected:.0%}" if row.share_expected < 1 else ""
        said.append(f"{'':{_NAME}}  asked only for what {what}{about}")
    return said


def _when(row: SpenderEstimate) -> str:
    said = {"live": _time(row.cost.seconds_expected), "hosted": "at host", "file": "by file"}
    return said.get(row.mode, "by batch")


def _ways_line(row: SpenderEstimate) -> str:
    """What a spender would cost by each way, the spec's own named."""
    if row.ways is None:
        return ""
    live, batch = row.ways.live, row.ways.batch
    return (
        f"{row.spender}, mode {row.mode}: all live {_either(live)} in about {_time(live.seconds_expected)}; "
        f"all by batch {_either(batch)} within 24 h"
    )


def _either(cost: Cost) -> str:
    """The dollars expected, or at most where nothing was measured."""
    if cost.usd_expected is not None:
        return f"${cost.usd_expected:.4f}"
    return "at an unknown price" if cost.usd_at_most is None else f"${cost.usd_at_most:.4f} at most"


def _deadline_line(deadline: DeadlineNote, teacher: SpenderEstimate) -> str:
    said = f"deadline {datetime.fromisoformat(deadline.at):%Y-%m-%d %H:%M}"
    if teacher.mode == "batch":
        return f"{said}: a batch may take until {datetime.now(UTC).astimezone() + timedelta(seconds=WINDOW_S):%Y-%m-%d %H:%M}"
    if teacher.mode == "file":
        return f"{said}: request files wait for their answers, however long that takes"
    if teacher.ways is None or teacher.ways.live.seconds_expected is None:
        return said
    if deadline.batches_until is None:
        return f"{said}: too near for a batch, all rows are sent live"
    return f"{said}: by batch until {datetime.fromisoformat(deadline.batches_until):%H:%M}, then the rest live"


def _power_line(note: PowerNote) -> str:
    """How many equally good students the test rows decide, and what would decide most."""
    rows = f"{note.test_rows:,} test row{'' if note.test_rows == 1 else 's'}"
    guess = f"if they differ on {note.differing:.0%} of the rows"
    if enough(note):
        return f"power: {rows} and a margin of {points(note.margin)} decide 8 of 10 students that are as good as the teacher, {guess}"
    undecided = round(10 * (1 - note.decided))
    more = f"{note.rows_for_most:,} rows, or " if note.rows_for_most else ""
    return (
        f"power: with {rows} and a margin of {points(note.margin)}, {undecided} of 10 students as good as the teacher would stay undecided; "
        f"{more}a margin of {points(note.margin_for_most)} (evaluate.margin), would decide 8 of 10, {guess}"
    )


def _priced_student(plan: Plan) -> bool:
    """Whether the student's calls have rows of their own, with what they cost at its host."""
    return any(row.spender == "evaluate student" for row in plan.spenders)


def _student_line(calls: int) -> str:
    return f"{_named('evaluate student')}{'':9}{calls:>9,}   (when it is trained)"


def _pilot_lines(pilot: Pilot) -> list[str]:
    rates = (
        ("requests per minute", pilot.limits.requests_per_minute), ("tokens per minute", pilot.limits.tokens_per_minute)
    )  # fmt: skip
    limits = ", ".join(f"{value:,} {name}" for name, value in rates if value)
    return [
        f"pilot: {pilot.passed_gates} of {pilot.rows} rows passed the gates; {shown(pilot.usd)} spent, and the answers are kept",
        f"the endpoint's limits: {limits or 'none reported'}",
        *(exam_summary(pilot.exam) if pilot.exam else []),
        *([f"the teacher is shut down on {pilot.shutdown_date}"] if pilot.shutdown_date else []),
    ]


def _total_line(plan: Plan) -> str:
    cost = plan.total
    said = f"unknown: give {_unpriced(plan)}" if cost.usd_at_most is None else f"${cost.usd_at_most:.4f} at most"
    if cost.usd_expected is not None:
        said = f"${cost.usd_expected:.4f} expected ({cost.usd_low:.4f} to {cost.usd_high:.4f}), {said}"
    budget = f"; budget ${plan.budget_usd:.2f}" if plan.budget_usd else "; no budget is set"
    return f"in all {said}{budget}; {plan.note}"


def _growth_line(growth: GrowthAhead) -> str:
    """What a refresh would ask beyond the rest."""
    if not growth.run:
        return "seeds.grow: a refresh grows, by the misses of a finished run; there is none yet, so nothing is to be priced"
    if not growth.strata:
        return f"seeds.grow: the student of {growth.run} misses in no stratum clearly more than in the others, so a refresh grows none"
    cost = growth.cost.usd_at_most
    strata = ", ".join(f"{one.grown.stratum} +{one.grown.new:,}" for one in growth.strata)
    price = "at a price that is not known" if cost is None else f"${cost:.4f} at most"
    return (
        f"not in it: a refresh of {growth.run} grows {strata} rows (seeds.grow), {growth.requests:,} requests more, {price}; "
        "`distill run` does not grow"
    )


def _unpriced(plan: Plan) -> str:
    """The setting whose price is missing."""
    others = any(row.cost.usd_at_most is None for row in plan.spenders if row.mode != "hosted")
    return "teacher.price" if others else "student.train.train_price"


def _usd(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"


def _named(spender: str) -> str:
    """A spender's name in its column, or on a line of its own where it is too long for it."""
    return f"{spender:{_NAME}}" if len(spender) <= _NAME else f"{spender}\n{'':{_NAME}}"


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
