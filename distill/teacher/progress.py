"""How far the requests of one spender are, live or by batch, and what a run reports to whoever watches it.

`cli.panel` draws it; a notebook or a test may watch nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

from distill.money import Budget
from distill.teacher.pace import Pace


@dataclass(slots=True)
class Progress:
    """What a run of requests came to so far: total = replayed + answered + failed + waiting + still open."""

    total: int | None = None
    replayed: int = 0
    answered: int = 0
    failed: int = 0
    waiting: int = 0
    """In a batch at the host."""
    sends: int = 0
    retried: int = 0
    in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0
    priced: bool = True
    """Whether it is known what a token costs; else `usd` says nothing."""
    started: float = field(default_factory=time.monotonic)
    last_error: str = ""
    pace: Pace | None = None
    """What the endpoint allows, for whoever watches."""
    budget: Budget | None = None

    @property
    def done(self) -> int:
        return self.replayed + self.answered + self.failed


class Watcher(Protocol):
    """Called from the event loop: be quick."""

    def stage(self, name: str, note: str = "") -> None:
        """A stage begins."""

    def skipped(self, name: str) -> None:
        """A stage's inputs and settings are those of its last time."""

    def progress(self, spender: str, progress: Progress) -> None:
        """Calls so far."""

    def training(self, *, step: int, steps: int, train_loss: float | None, valid_loss: float | None) -> None:
        """One logged step of training."""

    def say(self, text: str) -> None:
        """A line worth keeping."""


class Silent:
    """Watches nothing."""

    def stage(self, name: str, note: str = "") -> None: ...
    def skipped(self, name: str) -> None: ...
    def progress(self, spender: str, progress: Progress) -> None: ...
    def training(self, *, step: int, steps: int, train_loss: float | None, valid_loss: float | None) -> None: ...
    def say(self, text: str) -> None: ...
