"""What a person sees while a run works: a live panel on a terminal, a line now and then elsewhere.

All of it goes to stderr, so that stdout stays one JSON object for scripts. Text that comes from a model or a
file is stripped of control characters first: it must not be able to steer the terminal.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from distill.cli.live.outlook import Outlook, ahead_text
from distill.cli.live.progress import calls_line, calls_table, training_line
from distill.cli.plain import plain, wrapped
from distill.teacher.progress import Progress, StageTime

LINE_EVERY_S = (10.0, 60.0)
"""Between two plain lines: in the first minute of a stage, and after it."""

_ERROR = "error: "

console = Console(stderr=True, highlight=False, soft_wrap=True)


class Panel(AbstractContextManager["Panel"]):
    """A `Watch` for people. `quiet` shows nothing but what is said."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._stage, self._outlook = "", Outlook()
        # Drawn four times a second from the newest state, however often that changes.
        self._now: dict[str, Progress] = {}
        self._over: dict[str, Progress] = {}
        self._training = ""
        self._live = (
            Live(console=console, refresh_per_second=4, transient=True, get_renderable=self._draw)
            if console.is_terminal and not quiet
            else None
        )
        self._quiet = quiet
        self._line_at = 0.0
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

    def ahead(self, stages: Sequence[StageTime]) -> None:
        """All stages of the command, before the first of them that is not skipped."""
        self._outlook = Outlook(stages)
        self.say(ahead_text(stages))

    def stage(self, name: str, note: str = "") -> None:
        """A stage begins."""
        self._stage, self._stage_at, self._line_at = name, time.monotonic(), 0.0
        self._training, self._now = "", {}
        self._outlook.begin(name)
        about = "; ".join(part for part in (self._outlook.heading(), note) if part)
        self.say(f"[{name}] {about}".rstrip())

    def skipped(self, name: str) -> None:
        """A stage has nothing to do."""
        self.say(f"[{name}] unchanged since last time, skipped")

    def say(self, text: str) -> None:
        """A line that stays; a terminal gets it broken between words."""
        if self._quiet:
            return
        said = plain(text)
        try:
            for line in wrapped(said, console.width) if console.is_terminal else [said]:
                console.print(Text(line))
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
            self.say(calls_line(spender, progress, self._left(progress.left_s)))

    def training(
        self, *, step: int, steps: int, train_loss: float | None, valid_loss: float | None, left_s: float | None = None
    ) -> None:
        """Training so far."""
        losses = (("train", train_loss), ("valid", valid_loss))
        self._training = training_line(step, steps, losses, self._left(left_s, whole=True))
        if valid_loss is not None or (not self._live and self._due()):
            self.say(self._training)

    def _left(self, own_s: float | None, *, whole: bool = False) -> list[str]:
        return self._outlook.left(own_s, time.monotonic() - self._stage_at, whole=whole)

    def _draw(self) -> RenderableType:
        """The stage with its place among all, and below it what it does now."""
        work: list[RenderableType] = [
            calls_table(spender, progress, self._left(progress.left_s)) for spender, progress in self._now.items()
        ]
        if self._training and not work:
            work.append(Text("\n".join(wrapped(self._training, console.width))))
        place = self._outlook.place()
        head = [Text(f"{self._stage} · {place}", style="bold")] if place and work else []
        return Group(*head, *work)

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._line_at < LINE_EVERY_S[now - self._stage_at > LINE_EVERY_S[1]]:
            return False
        self._line_at = now
        return True


def fail(message: str) -> None:
    """The one line, or the list of faults, that a person gets instead of a traceback."""
    style = "" if not sys.stderr.isatty() else "bold red"
    lines = plain(f"{_ERROR}{message}").split("\n")
    if console.is_terminal:
        lines = [short for line in lines for short in wrapped(line, console.width)]
    with suppress(OSError):
        for n, line in enumerate(lines):
            head = 0 if n else len(_ERROR)
            console.print(Text(line[:head], style=style) + Text(line[head:]))
