"""What a person sees while a run works: a live panel on a terminal, a line now and then elsewhere.

All of it goes to stderr, so that stdout stays one JSON object for scripts. Text that comes from a model or a
file is stripped of control characters first: it must not be able to steer the terminal.
"""

from __future__ import annotations

import re
import sys
import time
from contextlib import AbstractContextManager, suppress
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from distill.teacher.pace import Pace
from distill.teacher.progress import Progress

LINE_EVERY_S = (10.0, 60.0)
"""Between two plain lines: in the first minute of a stage, and after it."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

console = Console(stderr=True, highlight=False, soft_wrap=True)


def plain(text: str) -> str:
    """Text without the characters that a terminal obeys."""
    return _CONTROL.sub("�", text)


def duration(seconds: float | None) -> str:
    """`45 s`, `3 min 20 s`, `2 h 05 min`; `-` where it is not known."""
    if seconds is None:
        return "-"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class Panel(AbstractContextManager["Panel"]):
    """A `Watch` for people. `quiet` shows nothing but what is said."""

    def __init__(self, *, quiet: bool = False) -> None:
        # Drawn four times a second from the newest state, however often that changes.
        self._drawn: RenderableType = Text("")
        self._now: dict[str, Progress] = {}
        self._over: dict[str, Progress] = {}
        shown = console.is_terminal and not quiet
        self._live = (
            Live(console=console, refresh_per_second=4, transient=True, get_renderable=self._draw) if shown else None
        )
        self._quiet = quiet
        self._line_at = 0.0
        self._stage = ""
        self._stage_at = time.monotonic()

    def __enter__(self) -> Panel:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            with suppress(OSError):  # nobody looks any more
                self._live.stop()

    def stage(self, name: str, note: str = "") -> None:
        """A stage begins."""
        self._stage, self._stage_at, self._line_at = name, time.monotonic(), 0.0
        self._drawn, self._now = Text(""), {}
        self.say(f"[{name}] {note}".rstrip())

    def skipped(self, name: str) -> None:
        """A stage has nothing to do."""
        self.say(f"[{name}] unchanged since last time, skipped")

    def say(self, text: str) -> None:
        """A line that stays."""
        if self._quiet:
            return
        try:
            console.print(Text(plain(text)))
        except OSError:  # `2>&1 | head`, or a terminal that is gone: the work goes on, unseen
            self._quiet = True

    def progress(self, spender: str, progress: Progress) -> None:
        """Calls so far: drawn on a terminal, a line every ten seconds elsewhere and one at the end."""
        over = bool(progress.total and progress.done >= progress.total)
        if over and self._over.get(spender) is progress:
            return
        if over:
            self._over[spender] = progress
            self._now.pop(spender, None)
        elif self._live:
            self._now[spender] = progress
        if over or (not self._live and self._due()):
            self.say(_calls_line(spender, progress))

    def training(self, *, step: int, steps: int, train_loss: float | None, valid_loss: float | None) -> None:
        """Training so far."""
        spent = time.monotonic() - self._stage_at
        left = spent / step * (steps - step) if step else None
        losses = [
            f"{name} loss {value:.3f}"
            for name, value in (("train", train_loss), ("valid", valid_loss))
            if value is not None
        ]
        line = f"  step {step} of {steps} · {' · '.join(losses) or 'starting'} · {duration(left)} left"
        if valid_loss is not None or (not self._live and self._due()):
            self.say(line)
        self._drawn = Text(line)

    def _draw(self) -> RenderableType:
        return (
            Group(*(_calls(spender, progress) for spender, progress in self._now.items())) if self._now else self._drawn
        )

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._line_at < LINE_EVERY_S[now - self._stage_at > LINE_EVERY_S[1]]:
            return False
        self._line_at = now
        return True


def _rate(progress: Progress) -> float:
    spent = time.monotonic() - progress.started
    return progress.answered / spent if spent > 0.2 else 0.0


def _left_s(progress: Progress) -> float | None:
    rate = _rate(progress)
    return ((progress.total or 0) - progress.done) / rate if rate and progress.total else None


def _calls_line(spender: str, progress: Progress) -> str:
    parts = [f"  {spender}: {progress.done} of {progress.total}"]
    if progress.replayed:
        parts.append(f"{progress.replayed} from the store")
    if progress.answered:
        parts += [f"{rate:.1f} a second"] if (rate := _rate(progress)) else []
        parts.append(f"{progress.prompt_tokens:,} + {progress.completion_tokens:,} tokens")
        parts.append(_usd(progress))
    parts += [
        f"{value} {name}"
        for name, value in (
            ("retried", progress.retried),
            ("failed", progress.failed),
            ("in batches", progress.waiting),
        )
        if value
    ]
    left = _left_s(progress)
    if left and progress.done < (progress.total or 0):
        parts.append(f"{duration(left)} left")
    if progress.last_error and progress.done < (progress.total or 0):
        parts.append(f"last fault: {progress.last_error[:80]}")
    return " · ".join(parts)


def _calls(spender: str, progress: Progress) -> Table:
    from rich.progress_bar import ProgressBar

    table = Table.grid(padding=(0, 2))
    table.add_row(
        Text(spender, style="bold"),
        ProgressBar(total=progress.total or 1, completed=progress.done, width=40),
        f"{progress.done:,} / {progress.total:,}" if progress.total is not None else f"{progress.done:,}",
    )
    table.add_row(
        "calls",
        f"{progress.answered:,} answered · {progress.replayed:,} from the store · {progress.retried:,} retried · {progress.failed:,} failed",
        f"{progress.waiting:,} in batches" if progress.waiting else f"{progress.in_flight} in flight",
    )
    table.add_row(
        "rate",
        f"{_rate(progress):.1f} a second · {progress.prompt_tokens:,} tokens in · {progress.completion_tokens:,} out",
        _usd(progress),
    )
    if progress.pace is not None:
        table.add_row(
            "limits",
            _limits(progress.pace),
            f"paused {duration(progress.pace.pause_s)}" if progress.pace.pause_s else "",
        )
    table.add_row("left", duration(_left_s(progress)), _projected(progress))
    if progress.last_error:
        table.add_row("last", Text(plain(progress.last_error)[:100], style="yellow"), "")
    return table


def _usd(progress: Progress) -> str:
    return f"${progress.usd:.4f}" if progress.priced else "cost unknown"


def _limits(pace: Pace) -> str:
    """What the endpoint allows, as far as it is known, and how many may be in flight now."""
    known = [("requests", pace.requests_per_minute), ("tokens", pace.tokens_per_minute)]
    rates = [f"{limit:,} {what} a minute" for what, limit in known if limit]
    return " · ".join([*rates, f"{int(pace.level):,} in flight of {pace.most_in_flight:,}"])


def _projected(progress: Progress) -> str:
    """What it will come to, and how much of the budget over all spenders is gone."""
    if not progress.priced:
        return "no price is known"
    projected = progress.usd * (progress.total or 0) / progress.done if progress.done and progress.usd else progress.usd
    budget = progress.budget
    wall = f" · budget ${budget.spent:.4f} of ${budget.limit:.2f}" if budget and budget.limit is not None else ""
    return f"${projected:.4f} projected{wall}"


def fail(message: str) -> None:
    """The one line, or the list of faults, that a person gets instead of a traceback."""
    style = "" if not sys.stderr.isatty() else "bold red"
    with suppress(OSError):
        console.print(Text("error: ", style=style) + Text(plain(message)))
