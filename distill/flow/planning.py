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

from distill import deadline, tokens
from distill.flow import asks, comparing, curation, labelling, loops, overnight, prospect, seeding
from distill.flow.asking import Sender
from distill.flow.watch import Silent, Watch
from distill.money import Budget, Price, most_usd
from distill.records import Answer, Request, Usage
from distill.teacher import models
from distill.teacher.runner import ceiling
from distill.teacher.store import Store, opened

if TYPE_CHECKING:
    import polars as pl

    from distill.flow.project import Asked, Project

_FEWEST = 3
"""Answers from which a spread can be told."""
_WINDOW_S = 86400
"""What hosts give themselves for a batch."""


@dataclass(frozen=True, slots=True)
class Spender:
    """Who asks what of whom. `fallback` is how many teachers stand before it: it gets only the rows that they fail."""

    name: str
    requests: Sequence[Request]
    at: Asked
    fallback: int = 0


def plan(project: Project, *, pilot: int = 0, watch: Watch | None = None) -> dict[str, Any]:
    """Per spender: requests, held, to send, tokens, dollars and seconds; `pilot` rows of each are asked first."""
    import polars as pl

    with opened(project.store_path) as store:
        table = seeding.aside(project.spec, *labelling.held(project, store)).kept
        tests = table.filter(pl.col("role") == "test")
        train = table.filter(pl.col("role") == "train")
        first = asks.more(project, table, [], curation.curate(project, table, [], store).short)
        asked = _spenders(project, table, tests, first)
        said = loops.run(_pilot(project, asked, store, pilot, watch or Silent())) if pilot else {}
        tried = [ask for ask in first if ask.teacher == 0][:pilot]
        accepted = len(curation.curate(project, table, tried, store).accepted) if pilot else None
        tried_seeds = len({ask.seed for ask in tried})
        failing = 1.0 if accepted is None else 1 - accepted / tried_seeds
        spenders = [_spender(one, store, limits=said.get("limits"), share=failing**one.fallback) for one in asked]
        spenders += prospect.rows(
            project, table, lambda *one: _spender(Spender(*one[:3]), store, limits=None, share=one[3])
        )
    return {
        "task": project.spec.task,
        "seeds": {"read": len(project.seeds), "train": train.height, "test": tests.height},
        "rows_wanted": project.spec.dataset.accept,
        "pilot": {"rows": tried_seeds, "passed_gates": accepted, **said} if pilot else None,
        "spenders": spenders,
        "student_calls": tests.height if project.spec.student.train.with_ != "none" else 0,
        "usd_expected": _sum(spenders, "usd_expected"),
        "usd_low": _sum(spenders, "usd_low"),
        "usd_high": _sum(spenders, "usd_high"),
        "usd_at_most": _sum(spenders, "usd_at_most"),
        "seconds_expected": _sum(spenders, "seconds_expected"),
        "budget_usd": project.spec.budget.usd,
        "deadline": _deadline(project, spenders),
        "note": f"if gates refuse rows, up to {train.height} training seeds may be asked",
    }


def _spenders(project: Project, table: pl.DataFrame, tests: pl.DataFrame, first: asks.Asked) -> list[Spender]:
    """Every teacher for the first round of rows, and every arm but the student for the test rows."""
    found = []
    for n, one in enumerate(project.teachers):
        fallback = 0 if project.spec.teacher.panel else n
        questions = [ask._replace(teacher=n) if fallback else ask for ask in first if ask.teacher == n or fallback]
        found.append(Spender(asks.spender(project, n), asks.requests(project, table, questions), one, fallback))
    teacher = project.teachers[0]
    for arm in comparing.arms(project, student=None):
        at = teacher if arm.name == "teacher" else project.beside(arm.address)
        found.append(Spender(f"evaluate {arm.name}", comparing.requests(project, arm, tests), at))
    for name in project.label_prompts:
        wanted = labelling.requests(project, name, labelling.asked_about(project))
        found.append(Spender(labelling.spender(name), wanted, project.labeller(name)))
    return found


def _deadline(project: Project, spenders: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """When all must be there, and in `auto` until when batches are given time before the rest goes live."""
    if project.spec.deadline is None:
        return None
    moment = deadline.moment(project.spec.deadline, datetime.now(UTC)).astimezone()
    teacher, first = spenders[0], project.teachers[0]
    found: dict[str, Any] = {"at": moment.isoformat(timespec="minutes"), "batches_until": None}
    live_s = (teacher["ways"] or {}).get("live", {}).get("seconds_expected")
    if teacher["mode"] == "auto" and live_s is not None:
        need = timedelta(seconds=overnight.SLACK * live_s + first.batch.cancel_s)
        until = moment - need
        found["batches_until"] = until.isoformat(timespec="minutes") if until > datetime.now(UTC) else None
    return found


async def _pilot(project: Project, asked: Sequence[Spender], store: Store, rows: int, watch: Watch) -> dict[str, Any]:
    """Ask the first rows of each spender; returns what the teacher's endpoint said of itself."""
    run = f"{project.spec.task}/plan"
    budget = Budget(project.spec.budget.usd, store.spent(run))
    sender = Sender(store=store, run=run, budget=budget, watch=watch)
    for one in asked:
        await sender.live(one.requests[:rows], one.at, one.name)  # a batch would take a night to tell
    pace = sender.pace(project.teachers[0])
    return {
        "usd": store.spent(run),
        "limits": {"requests_per_minute": pace.requests_per_minute, "tokens_per_minute": pace.tokens_per_minute},
        "shutdown_date": await models.shutdown_date(project.teacher),
    }


def _spender(one: Spender, store: Store, *, limits: Mapping[str, int | None] | None, share: float) -> dict[str, Any]:
    """A row of the plan; `share` of its requests are expected to be needed."""
    at, answers = one.at, [store.get(request.id) for request in one.requests]
    missing = [request for request, answer in zip(one.requests, answers, strict=True) if answer is None]
    seen = [answer for answer in answers if answer is not None]
    prompt = sum(tokens.count_messages(r.turns, at.address.model) for r in missing)
    most = sum(ceiling(r).completion_tokens for r in missing)
    ceilings, to_send = Usage(prompt, most, measured=False), len(missing) * share
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
        "requests": len(one.requests),
        "in_store": len(seen),
        "to_send": len(missing),
        "share_expected": share,
        "prompt_tokens": prompt,
        "completion_tokens_at_most": most,
        **chosen,
        **({"seconds_at_most": _WINDOW_S} if by_batch else seconds),
        "ways": {"live": live | seconds, "batch": batch | {"seconds_at_most": _WINDOW_S}} if by_batch else None,
    } | (_tokens(seen) if len(seen) >= _FEWEST else {})


def _dollars(price: Price | None, seen: Sequence[Answer], to_send: float, ceilings: Usage) -> dict[str, Any]:
    """The ceiling, and where there are answers to go by what is expected, with a 95 % interval."""
    if price is None:
        return {"usd_at_most": None}
    found: dict[str, Any] = {"usd_at_most": most_usd(price, ceilings)}
    if len(seen) >= _FEWEST:
        mean, half = _mean([price(answer.usage) for answer in seen])
        low, high = max(0.0, mean - half), mean + half
        found |= {"usd_expected": mean * to_send, "usd_low": low * to_send, "usd_high": high * to_send}
    return found


def _tokens(seen: Sequence[Answer]) -> dict[str, Any]:
    return {
        "measured_on": len(seen),
        "prompt_tokens_p50_p95": _quantiles([answer.usage.prompt_tokens for answer in seen]),
        "completion_tokens_p50_p95": _quantiles([answer.usage.completion_tokens for answer in seen]),
    }


def _seconds(seen: Sequence[Answer], to_send: float, at: Asked, limits: Mapping[str, int | None]) -> dict[str, Any]:
    """How long live calls take, by the answers so far and what the endpoint allows; batches tell no latency."""
    timed = [answer.latency_s for answer in seen if answer.latency_s > 0]
    latency = statistics.fmean(timed) if timed else 0.0
    rates = [(1 if at.address.local else at.limits.in_flight) / latency if latency else math.inf]
    if limits.get("requests_per_minute"):
        rates.append((limits["requests_per_minute"] or 0) / 60)
    if limits.get("tokens_per_minute"):
        each = statistics.fmean(answer.usage.prompt_tokens + answer.usage.completion_tokens for answer in seen)
        rates.append((limits["tokens_per_minute"] or 0) / 60 / max(1.0, each))
    return {"seconds_expected": round(to_send / min(rates), 1)}


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


def lines(result: Mapping[str, Any]) -> list[str]:
    """The plan as a table for people."""
    seeds = result["seeds"]
    said = [
        f"{result['task']}: {seeds['read']} seeds, {seeds['train']} to train on, {seeds['test']} test rows; {result['rows_wanted'] or 'all'} rows wanted",
        f"{'':24}{'requests':>9}{'in store':>9}{'to send':>9}{'tokens in':>12}{'out at most':>12}{'$ at most':>11}{'$ expected':>24}{'time':>10}",
    ]
    for row in result["spenders"]:
        said.append(
            f"{row['spender']:24}{row['requests']:>9,}{row['in_store']:>9,}{row['to_send']:>9,}"
            f"{row['prompt_tokens']:>12,}{row['completion_tokens_at_most']:>12,}{_usd(row['usd_at_most']):>11}"
            f"{_range(row):>24}{_time(row.get('seconds_expected')) if row['mode'] == 'live' else 'by batch':>10}"
        )
        if row["share_expected"] < 1:
            said.append(
                f"{'':24}asked only for what {row.get('only', 'those before it fail')}, about {row['share_expected']:.0%}"
            )
    said += [line for row in result["spenders"] if row["ways"] for line in _way_lines(row)]
    if result["deadline"]:
        said.append(_deadline_line(result["deadline"], result["spenders"][0]))
    if result["student_calls"]:
        said.append(f"{'evaluate student':24}{result['student_calls']:>9,}   (when it is trained)")
    said += (
        _pilot_lines(result["pilot"]) if result["pilot"] else ["nothing was sent: figures are ceilings (--no-pilot)"]
    )
    total = "unknown: give teacher.price" if result["usd_at_most"] is None else f"${result['usd_at_most']:.4f} at most"
    if result["usd_expected"] is not None:
        total = f"${result['usd_expected']:.4f} expected ({result['usd_low']:.4f} to {result['usd_high']:.4f}), {total}"
    budget = f"; budget ${result['budget_usd']:.2f}" if result["budget_usd"] else "; no budget is set"
    return [*said, f"in all {total}{budget}; {result['note']}"]


def _way_lines(row: Mapping[str, Any]) -> list[str]:
    """What a spender would cost by each way, the spec's own marked."""
    live, batch = row["ways"]["live"], row["ways"]["batch"]
    return [
        f"{row['spender']}, mode {row['mode']}: all live {_either(live)} in about {_time(live.get('seconds_expected'))}; "
        f"all by batch {_either(batch)} within 24 h"
    ]


def _either(way: Mapping[str, Any]) -> str:
    """The dollars expected, or at most where nothing was measured."""
    if way.get("usd_expected") is not None:
        return f"${way['usd_expected']:.4f}"
    return "at an unknown price" if way["usd_at_most"] is None else f"${way['usd_at_most']:.4f} at most"


def _deadline_line(found: Mapping[str, Any], teacher: Mapping[str, Any]) -> str:
    at = datetime.fromisoformat(found["at"])
    said = f"deadline {at:%Y-%m-%d %H:%M}"
    if teacher["mode"] == "batch":
        return f"{said}: a batch may take until {datetime.now(UTC).astimezone() + timedelta(seconds=_WINDOW_S):%Y-%m-%d %H:%M}"
    if teacher["mode"] == "live" or "seconds_expected" not in teacher["ways"]["live"]:
        return said
    if found["batches_until"] is None:
        return f"{said}: too near for a batch, all goes live"
    until = datetime.fromisoformat(found["batches_until"])
    return f"{said}: by batch until {until:%H:%M}, then live what is left"


def _pilot_lines(pilot: Mapping[str, Any]) -> list[str]:
    limits = ", ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in pilot["limits"].items() if value)
    said = [
        f"pilot: {pilot['passed_gates']} of {pilot['rows']} rows passed the gates; ${pilot['usd']:.4f} spent, and the answers are kept",
        f"the endpoint's limits: {limits or 'none that it tells'}",
    ]
    return [*said, f"the teacher is shut down on {pilot['shutdown_date']}"] if pilot["shutdown_date"] else said


def _usd(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"


def _range(row: Mapping[str, Any]) -> str:
    if row.get("usd_expected") is None:
        return "-"
    return f"{row['usd_expected']:.4f} ({row['usd_low']:.4f}–{row['usd_high']:.4f})"


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
