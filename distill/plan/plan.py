"""What a run would send and may cost, before it does.

With a pilot, some rows of each spender are asked for real (their answers are kept, so nothing is paid twice) and tell
what a call uses, how long it takes, and what the endpoint allows; without, nothing is sent and the spec's ceilings stand
in. The first round of asking is exact; rows that gates will refuse add to it, up to every training seed.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from distill import tokens
from distill.curate import judged, steps
from distill.curate.dedup import rulings
from distill.curate.gates.judge.expected import expected_verdicts
from distill.curate.gates.judge.requests import judge_spender, judge_warnings, verdicts_per_row
from distill.curate.gates.judge.send import JudgeCalls
from distill.evaluate import arms
from distill.generate import questions as asks
from distill.money import Budget, Price, known_usd, most_usd
from distill.plan import upper_bound
from distill.records import Answer, Request, Usage
from distill.rundir import latest
from distill.seeds import labelling, prepare
from distill.spec import deadline
from distill.task import event_loop, near_graph, stores
from distill.task.interrupt import interruptible
from distill.teacher import schedule
from distill.teacher.counts import TokenCounts, learnt, stored_usage
from distill.teacher.endpoint import shutdown
from distill.teacher.pace import live_rate
from distill.teacher.progress import Silent, Watcher
from distill.teacher.requests import ceiling
from distill.teacher.send import Sender
from distill.teacher.store.store import Store

if TYPE_CHECKING:
    import polars as pl

    from distill.curate.result import Curated
    from distill.task.task import Task
    from distill.teacher.endpoint.model import Model

_FEWEST = 3
"""Answers from which a spread can be told."""
WINDOW_S = 86400
"""What hosts give themselves for a batch."""


@dataclass(frozen=True, slots=True)
class Spender:
    """Who asks what of whom. `fallback` is how many teachers stand before it: it gets only the rows that they fail."""

    name: str
    requests: Sequence[Request]
    at: Model
    fallback: int = 0
    to_come: int = 0
    """Prompt tokens of answers that are not known yet, for whoever is asked about them."""
    stand_ins: Sequence[Request] = ()
    """Further questions, of texts that are not there yet: the store holds no answer to them, whatever stands in for them."""


def plan(task: Task, *, pilot: int = 0, watch: Watcher | None = None) -> dict[str, Any]:
    """Per spender: requests, held, to send, tokens, dollars and seconds; `pilot` rows of each are asked first."""
    import polars as pl

    with stores.opened(task.home) as store:
        table = prepare.prepare(task.spec, *labelling.stored_labels(task, store)).kept
        tests = table.filter(pl.col("role") == "test")
        train = table.filter(pl.col("role") == "train")
        first = asks.more(task, table, [], steps.curate(task, table, [], store).short)
        asked = _spenders(task, table, tests, first, store)
        tried = [ask for ask in first if ask.teacher == 0][:pilot]
        said, seen = (
            event_loop.run(_pilot(task, asked, table, tried, store, watch or Silent())) if pilot else ({}, None)
        )
        accepted = len(seen.standing.accepted) if seen else None
        tried_seeds = len({ask.seed for ask in tried})
        failing = 1.0 if accepted is None else 1 - accepted / tried_seeds
        spenders = [_spender(one, store, limits=said.get("limits"), share=failing**one.fallback) for one in asked]
        judged = len(seen.verdicts.calls) / max(1, len(tried) * verdicts_per_row(task)) if seen else 1.0
        spenders += [_spender(one, store, limits={}, share=judged) for one in _judges(task, table, first, store)]
        votes = rulings.at_most(task, table, first, near_graph.graph(task.spec, table))
        spenders += [_spender(one, store, limits=said.get("limits"), share=1.0) for one in _voters(task, table, votes)]
        for further in upper_bound.of(task, table, failing=failing, judged=judged):
            one = Spender(
                further.spender, further.requests, further.at, to_come=further.to_come, stand_ins=further.stand_ins
            )
            spenders.append(upper_bound.row(further, _spender(one, store, limits=None, share=further.share)))
    return {
        "task": task.spec.task,
        "seeds": {"read": len(task.seeds), "train": train.height, "test": tests.height},
        "rows_wanted": task.spec.dataset.accept,
        "pilot": {"rows": tried_seeds, "passed_gates": accepted, **said} if pilot else None,
        "spenders": spenders,
        "student_calls": tests.height if task.spec.student.train.with_ != "none" else 0,
        "usd_expected": _sum(spenders, "usd_expected"),
        "usd_low": _sum(spenders, "usd_low"),
        "usd_high": _sum(spenders, "usd_high"),
        "usd_at_most": _sum(spenders, "usd_at_most"),
        "seconds_expected": _sum(spenders, "seconds_expected"),
        "budget_usd": task.spec.budget.usd,
        "deadline": _deadline(task, spenders),
        "warnings": judge_warnings(task) + _odd(spenders),
        "note": f"if gates drop rows, up to {train.height} training seeds may be sent" + _of_votes(task, votes),
    }


def _odd(spenders: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the endpoints' own counts have shown, each once."""
    return list(dict.fromkeys(f"{row['model']}: {said}" for row in spenders for said in row["warnings"]))


def _spenders(task: Task, table: pl.DataFrame, tests: pl.DataFrame, first: asks.Asked, store: Store) -> list[Spender]:
    """Every teacher for the first round of rows, and every arm but the student for the test rows."""
    found = []
    for n, one in enumerate(task.teachers):
        fallback = 0 if task.spec.teacher.panel else n
        questions = [ask._replace(teacher=n) if fallback else ask for ask in first if ask.teacher == n or fallback]
        found.append(Spender(asks.spender(task, n), asks.requests(task, table, questions), one, fallback))
    teacher = task.teachers[0]
    for arm in arms.arms_of(task, student=None):
        at = teacher if arm.name == "teacher" else task.beside(arm.address)
        found.append(Spender(f"evaluate {arm.name}", arms.requests(task, arm, tests), at))
    for name in task.label_prompts:
        wanted = labelling.requests(task, name, labelling.asked_about(task, store, name))
        found.append(Spender(labelling.spender(name), wanted, task.labeller(name)))
    return found


def _voters(task: Task, table: pl.DataFrame, votes: asks.Asked) -> list[Spender]:
    """Every teacher for the votes on rows in conflict."""
    found = []
    for n, one in enumerate(task.teachers):
        if questions := [ask for ask in votes if ask.teacher == n]:
            wanted = asks.requests(task, table, questions)
            found.append(Spender(f"{asks.spender(task, n)}, asked again", wanted, one))
    return found


def _of_votes(task: Task, votes: asks.Asked) -> str:
    if not votes:
        return ""
    rows, each = len({ask.seed for ask in votes}), task.spec.dedup.more_votes
    return f"; {rows} rows have a near-duplicate; the plan counts each as in conflict, with {each} further answers"


def _judges(task: Task, table: pl.DataFrame, first: asks.Asked, store: Store) -> list[Spender]:
    """Every judge for the first round of rows."""
    if not task.judges:
        return []
    known_verdicts = steps.curate(task, table, first, store).verdicts
    found = []
    for n, one in enumerate(task.judges):
        expected = expected_verdicts(task, n, table, first, known_verdicts)
        found.append(Spender(judge_spender(task, n), expected.requests, one, to_come=expected.answer_tokens))
    return found


def _deadline(task: Task, spenders: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """When all must be there, and in `auto` until when batches are given time before the rest goes live."""
    if task.spec.deadline is None:
        return None
    moment = deadline.moment(task.spec.deadline, datetime.now(UTC)).astimezone()
    teacher, first = spenders[0], task.teachers[0]
    found: dict[str, Any] = {"at": moment.isoformat(timespec="minutes"), "batches_until": None}
    live_s = (teacher["ways"] or {}).get("live", {}).get("seconds_expected")
    if teacher["mode"] == "auto" and live_s is not None:
        need = timedelta(seconds=schedule.SLACK * live_s + first.batch.cancel_s)
        until = moment - need
        found["batches_until"] = until.isoformat(timespec="minutes") if until > datetime.now(UTC) else None
    return found


async def _pilot(
    task: Task, asked: Sequence[Spender], table: pl.DataFrame, tried: asks.Asked, store: Store, watch: Watcher
) -> tuple[dict[str, Any], Curated]:
    """Ask the first rows of each spender, and judge them; returns what the teacher's endpoint said of itself, and the rows."""
    run = stores.pilot_of(task.spec.task)
    # The run that these calls will belong to, where it is under way already: its wall is theirs.
    last = latest(task.home, task.spec.task)
    before = store.spent(last.name) if last and "report" not in last.manifest()["stages"] else 0.0
    budget = Budget(task.spec.budget.usd, store.spent(run) + before)
    sender = Sender(store=store, run=run, budget=budget, watch=watch)
    with interruptible(sender):
        for one in asked:
            await sender.live(one.requests[: len(tried)], one.at, one.name)  # a batch would take a night to tell
        seen = await judged.curated(JudgeCalls(task, sender, live=True), table, tried)
    pace = sender.pace(task.teachers[0])
    said = {
        "usd": known_usd(store.spent(run), store.unpriced(run)),
        "limits": {"requests_per_minute": pace.requests_per_minute, "tokens_per_minute": pace.tokens_per_minute},
        "shutdown_date": await shutdown.shutdown_date(task.teacher),
    }
    return said, seen


def _spender(one: Spender, store: Store, *, limits: Mapping[str, int | None] | None, share: float) -> dict[str, Any]:
    """A row of the plan; `share` of its requests are expected to be needed."""
    at, answers = one.at, [store.get(request.id) for request in one.requests]
    both = list(zip(one.requests, answers, strict=True))
    missing = [*(request for request, answer in both if answer is None), *one.stand_ins]
    seen = [answer for answer in answers if answer is not None]
    prompt = one.to_come + sum(tokens.count_messages(r.turns, at.address.model) for r in missing)
    theirs = learnt(TokenCounts(), ((request, answer.usage) for request, answer in both if answer is not None))
    learnt(theirs, stored_usage(store, at.address.identity, at.address.model))
    each = [theirs.theirs(ceiling(r)) for r in missing]  # as it is reserved before a send
    most = sum(one.completion_tokens for one in each)
    to_come = theirs.theirs(Usage(one.to_come, 0)).prompt_tokens
    ceilings = Usage(to_come + sum(one.prompt_tokens for one in each), most, measured=False)
    to_send = len(missing) * share
    live = _dollars(at.address.price, seen, to_send, ceilings)
    batch = _dollars(at.address.batch_price, seen, to_send, ceilings)
    by_batch = not at.address.local and at.mode != "live"
    # In `auto` all that the night does not finish goes live, so only the live ceiling is sure.
    chosen = (batch | ({"usd_at_most": live["usd_at_most"]} if at.mode == "auto" else {})) if by_batch else live
    seconds = _seconds(seen, to_send, at, limits or {}) if len(seen) >= _FEWEST else {}
    return {
        "spender": one.name,
        "model": at.address.model,
        "mode": at.mode if by_batch else "live",
        "requests": len(one.requests) + len(one.stand_ins),
        "in_store": len(seen),
        "to_send": len(missing),
        "share_expected": share,
        "prompt_tokens": prompt,
        "completion_tokens_at_most": most,
        **chosen,
        "warnings": theirs.warnings,
        **({"seconds_at_most": WINDOW_S} if by_batch else seconds),
        "ways": {"live": live | seconds, "batch": batch | {"seconds_at_most": WINDOW_S}} if by_batch else None,
    } | (_tokens(seen) if len(seen) >= _FEWEST else {})


def _dollars(price: Price | None, seen: Sequence[Answer], to_send: float, ceilings: Usage) -> dict[str, Any]:
    """The ceiling, and where there are answers to go by what is expected, with a 95 % interval."""
    if price is None:
        return {"usd_at_most": None}
    found: dict[str, Any] = {"usd_at_most": most_usd(price, ceilings)}
    if len(seen) >= _FEWEST:
        mean, half = _mean([price(answer.usage) for answer in seen])
        # Rows to come may be dearer than those so far: the ceiling is the dearest reading, and no interval passes it.
        most = max(found["usd_at_most"], mean * to_send)
        low, high = max(0.0, mean - half), min(mean + half, most / to_send if to_send else math.inf)
        found |= {
            "usd_expected": mean * to_send,
            "usd_low": low * to_send,
            "usd_high": high * to_send,
            "usd_at_most": most,
        }
    return found


def _tokens(seen: Sequence[Answer]) -> dict[str, Any]:
    return {
        "measured_on": len(seen),
        "prompt_tokens_p50_p95": _quantiles([answer.usage.prompt_tokens for answer in seen]),
        "completion_tokens_p50_p95": _quantiles([answer.usage.completion_tokens for answer in seen]),
    }


def _seconds(seen: Sequence[Answer], to_send: float, at: Model, limits: Mapping[str, int | None]) -> dict[str, Any]:
    """How long live calls take, by the answers so far and what the endpoint allows."""
    rate = live_rate(
        seen,
        in_flight=1 if at.address.local else at.limits.in_flight,
        requests_per_minute=limits.get("requests_per_minute"),
        tokens_per_minute=limits.get("tokens_per_minute"),
    )
    return {"seconds_expected": round(to_send / rate, 1)}


def _mean(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half of its 95 % interval, by Student's t."""
    from scipy.stats import t

    error = statistics.stdev(values) / math.sqrt(len(values))
    return statistics.fmean(values), float(t.ppf(0.975, len(values) - 1)) * error


def _quantiles(values: Sequence[int]) -> list[int]:
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return [round(statistics.median(values)), round(cuts[-1])]


def _sum(spenders: Sequence[Mapping[str, Any]], key: str) -> float | None:
    """The sum over all spenders, None where one of them has no figure."""
    values = [row.get(key) for row in spenders]
    return None if None in values else sum(value for value in values if value is not None)
