"""How far the requests of one spender are, live or by batch, and what a run reports to whoever watches it.

`cli.live.panel` draws it; a notebook or a test may watch nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from distill.money import Budget
from distill.teacher.pool.member import Member

_LEAST = 3
"""Answers after the first that tell how fast they come."""


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
    first_at: float | None = None
    """The moment of the first answer: what came before it is start-up, and tells nothing of the rest."""
    beside: int = 0
    """Requests that were in flight at that moment: their answers come all at once."""
    last_error: str = ""
    members: Sequence[Member] = ()
    """The endpoints that are asked, each with what it allows and has come to, for whoever watches."""
    budget: Budget | None = None

    @property
    def done(self) -> int:
        return self.replayed + self.answered + self.failed

    def heard(self) -> None:
        """One more answer has come."""
        self.answered += 1
        if self.first_at is None:
            self.first_at, self.beside = time.monotonic(), self.in_flight

    @property
    def rate(self) -> float | None:
        """Answers a second since the first one; None until those that were in flight beside it have come too."""
        further = self.answered - 1
        if self.first_at is None or further < max(_LEAST, self.beside):
            return None
        return further / max(time.monotonic() - self.first_at, 1e-3)

    @property
    def left_s(self) -> float | None:
        """Seconds until all that is in no batch is answered, at the rate so far."""
        rate = self.rate
        return (self.total - self.done - self.waiting) / rate if rate and self.total is not None else None


class StageTime(NamedTuple):
    """A stage of a command, and the seconds that it took last time in this task; None where nobody knows."""

    name: str
    seconds: float | None
    skipped: bool = False


class Watcher(Protocol):
    """Called from the event loop: be quick."""

    def ahead(self, stages: Sequence[StageTime]) -> None:
        """All stages of the command, once the first of them begins that is not skipped."""

    def stage(self, name: str, note: str = "") -> None:
        """A stage begins."""

    def skipped(self, name: str) -> None:
        """A stage's inputs and settings are those of its last time."""

    def progress(self, spender: str, progress: Progress) -> None:
        """Calls so far."""

    def training(
        self, *, step: int, steps: int, train_loss: float | None, valid_loss: float | None, left_s: float | None = None
    ) -> None:
        """One logged step of training; `left_s` are the seconds that are left, where there is a basis for them."""

    def say(self, text: str) -> None:
        """A line worth keeping."""


class Silent:
    """Watches nothing."""

    def ahead(self, stages: Sequence[StageTime]) -> None: ...
    def stage(self, name: str, note: str = "") -> None: ...
    def skipped(self, name: str) -> None: ...
    def progress(self, spender: str, progress: Progress) -> None: ...
    def training(
        self, *, step: int, steps: int, train_loss: float | None, valid_loss: float | None, left_s: float | None = None
    ) -> None: ...
    def say(self, text: str) -> None: ...
