"""How far calls and training are, as a line for a log and as a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from distill.cli.durations import duration
from distill.cli.plain import plain
from distill.teacher.pool.member import Member
from distill.teacher.progress import Progress

if TYPE_CHECKING:
    from rich.table import Table


def calls_line(spender: str, progress: Progress, left: Sequence[str]) -> str:
    """One line; `left` is said of what is not done."""
    parts = [f"  {spender}: {progress.done:,} of {progress.total:,}"]
    if progress.replayed:
        parts.append(f"{progress.replayed:,} from the store")
    if progress.answered:
        parts += [f"{rate:.1f} a second"] if (rate := progress.rate) else []
        parts.append(f"{progress.prompt_tokens:,} tokens in, {progress.completion_tokens:,} out")
        parts += [usd] if (usd := _usd(progress)) else []
    parts += [
        f"{value:,} {name}"
        for name, value in (
            ("retried", progress.retried),
            ("failed", progress.failed),
            ("in batches", progress.waiting),
        )
        if value
    ]
    if len(progress.members) > 1:
        parts.append(_spread(progress.members))
    if progress.done < (progress.total or 0):
        parts += left
        parts += [f"last fault: {progress.last_error[:80]}"] if progress.last_error else []
    return " · ".join(parts)


def training_line(
    step: int, steps: int, losses: Sequence[tuple[str, float | None]], left: Sequence[str]
) -> str:  # fmt: skip
    """`step 12 of 108 · train loss 0.474 · 3 min 31 s left`."""
    said = [f"{name} loss {value:.3f}" for name, value in losses if value is not None]
    return " · ".join([f"  step {step} of {steps}", *(said or ["starting"]), *left])


def calls_table(spender: str, progress: Progress, left: Sequence[str]) -> Table:
    """The same and more, drawn anew as long as it goes on."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    done = f"{progress.done:,}" if progress.total is None else f"{progress.done:,} / {progress.total:,}"
    table.add_row(
        Text(plain(spender), style="bold"),
        ProgressBar(total=progress.total or 1, completed=progress.done, width=30),
        done,
    )
    for name, said in (
        ("calls", _calls(progress)),
        ("rate", _rate(progress)),
        ("limits", _limits(progress.members[0]) if len(progress.members) == 1 else ""),
        ("cost", _cost(progress)),
        ("time", " · ".join(left)),
    ):
        if said:
            table.add_row(name, said)
    for one in progress.members if len(progress.members) > 1 else ():
        about = Text(f"{plain(one.url)[:60]}: {_member(one)}", style="" if one.circuit.living else "yellow")
        table.add_row("", about)
    if progress.last_error:
        table.add_row("last fault", Text(plain(progress.last_error)[:100], style="yellow"))
    return table


def _calls(progress: Progress) -> str:
    counts = (
        ("answered", progress.answered), ("from the store", progress.replayed), ("retried", progress.retried),
        ("failed", progress.failed), ("in batches", progress.waiting), ("in flight", progress.in_flight),
    )  # fmt: skip
    return " · ".join(f"{value:,} {name}" for name, value in counts if value or name == "answered")


def _rate(progress: Progress) -> str:
    rate = [f"{progress.rate:.1f} a second"] if progress.rate else []
    return " · ".join([*rate, f"{progress.prompt_tokens:,} tokens in, {progress.completion_tokens:,} out"])


def _spread(members: Sequence[Member]) -> str:
    """`3 of 4 endpoints (412, 398, 405, 77 answered; down: http://d:8000/v1)`."""
    gone = [f"; {one.circuit.health.value}: {plain(one.url)}" for one in members if not one.circuit.living]
    answered = ", ".join(f"{one.answered:,}" for one in members)
    return f"{len(members) - len(gone)} of {len(members)} endpoints ({answered} answered{''.join(gone)})"


def _member(one: Member) -> str:
    """What an endpoint has come to, and how it is now."""
    counts = ((one.rate_limited, "rate limited"), (one.failed, "failed"))
    said = [f"{one.answered:,} answered", *(f"{count:,} {name}" for count, name in counts if count)]
    said += [f"{rate:,.1f} tokens a second"] if (rate := one.tokens_a_second) is not None else []
    return " · ".join([*said, _limits(one) if one.circuit.living else f"{one.circuit.health.value}, left out"])


def _limits(member: Member) -> str:
    """What the endpoint allows, as far as it is known, and how many may be in flight now."""
    pace = member.pace
    known = [("requests", pace.requests_per_minute), ("tokens", pace.tokens_per_minute)]
    rates = [f"{limit:,} {what} a minute" for what, limit in known if limit]
    pause = [f"paused {duration(pace.pause_s)}"] if pace.pause_s else []
    return " · ".join([*rates, f"{int(pace.level):,} in flight of {pace.most_in_flight:,}", *pause])


def _usd(progress: Progress) -> str:
    """Dollars so far; nothing of a model that costs nothing."""
    if not progress.priced:
        return "cost unknown"
    return f"${progress.usd:.4f}" if progress.usd else ""


def _cost(progress: Progress) -> str:
    """What was spent, what it will come to, and how much of the budget over all spenders is gone."""
    if not progress.priced:
        return "no price is known"
    said = [f"${progress.usd:.4f} so far"] if progress.usd else []
    if progress.usd and progress.done and progress.total:
        said.append(f"${progress.usd * progress.total / progress.done:.4f} in the end")
    budget = progress.budget
    if budget and budget.limit is not None and budget.spent:
        said.append(f"spent ${budget.spent:.4f} of a budget of ${budget.limit:.2f}")
    return " · ".join(said) or ("free" if progress.answered else "")
