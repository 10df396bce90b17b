"""What all workers of one run share, and when they stop."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from functools import partial

from distill.errors import RowsOwed
from distill.money import Budget, Price
from distill.records import Answer, Ended, Request, Usage
from distill.teacher import ModelClient
from distill.teacher.counts import TokenCounts
from distill.teacher.pace import Pace
from distill.teacher.pool.member import Member
from distill.teacher.pool.pool import Pool
from distill.teacher.progress import Progress
from distill.teacher.store.store import Store
from distill.text import tokens


@dataclass(slots=True, kw_only=True)
class WorkerContext:
    """The teacher, the store, the wall and the pace of one run, and its first fatal fault.

    Who is asked is a `pool` of endpoints; of one alone it is enough to give its `teacher` and its `pace`.
    """

    store: Store
    run: str
    spender: str
    budget: Budget
    price: Price | None
    teacher: InitVar[ModelClient | None] = None
    pace: InitVar[Pace | None] = None
    pool: Pool = None  # type: ignore[assignment]  # never None after __post_init__
    counts: TokenCounts = field(default_factory=TokenCounts)
    attempts: int = 6
    unknown: int = 3
    patience_s: float = 1800.0
    """How long an endpoint may only ask for patience, or another process be waited for, without a single answer."""
    deadline: float | None = None
    """Monotonic seconds at which patience ends too, where that is sooner."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    on_change: Callable[[Progress], None] = lambda _progress: None
    say: Callable[[str], None] = lambda _said: None
    progress: Progress = field(default_factory=Progress)
    fatal: BaseException | None = None
    rng: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - jitter is no secret
    probe: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    """Held by the one call that goes out while nothing is known of an endpoint that a budget stands before."""
    _limited_at: float | None = field(default=None, init=False)
    _limited: str = field(default="", init=False)

    def __post_init__(self, teacher: ModelClient | None, pace: Pace | None) -> None:
        if teacher is not None:
            self.pool = Pool([Member(teacher, pace or Pace())])
        self.progress.members, self.progress.budget = self.pool.members, self.budget
        self.progress.priced = self.price is not None

    @property
    def closing(self) -> bool:
        """Whether no new send may go out: told to stop, a fatal fault, or out of patience."""
        if self._limited and self.fatal is None:
            self._look_at_patience()
        return self.fatal is not None or self.stop.is_set()

    @property
    def careful(self) -> bool:
        """Whether calls go one at a time, until the first has told what this endpoint counts."""
        return self.budget.limit is not None and self.price is not None and not self.counts.known

    def heard(self, answer: Answer, request: Request, most: Usage) -> None:
        """One attempt has ended: an answer begins the patience anew, and every count of the endpoint's tells of the next."""
        if answer.ended is Ended.RATE_LIMITED:
            self._limited = f"{answer.status}: {answer.error}"
            self._limited_at = self._limited_at or time.monotonic()
        elif answer.ok:
            self._limited_at = None
        self.counts.failures += not answer.ok and answer.ended is not Ended.RATE_LIMITED
        said = None
        if answer.ok:
            said = self.counts.learn(most, answer.usage, partial(tokens.count_messages, request.turns))
        elif answer.counted:
            said = self.counts.lost(most, answer.usage)
        if said:
            self.say(f"  {said}")

    def _look_at_patience(self) -> None:
        now, pause = time.monotonic(), self.pool.pause_s
        since = now if self._limited_at is None else self._limited_at
        most = self.patience_s
        if self.deadline is not None and self.deadline > since:
            most = min(most, self.deadline - since)
        if self._limited_at is not None and now - since >= most:
            waited = f"has sent nothing but rate limits for {_minutes(now - since)}, without a single answer"
        elif pause > most:
            waited = f"asks to wait {_minutes(pause)}"
        else:
            return
        self.fatal = RowsOwed(
            f"the endpoint {waited} ({self._limited}), and limits.patience_s is {self.patience_s:g}. Nothing is lost: run "
            "again later, it goes on from here."
        )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
