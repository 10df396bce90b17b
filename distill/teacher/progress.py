"""How far the requests of one spender are, live or by batch, for whoever counts and whoever watches."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from distill.money import Budget
from distill.teacher.pace import Pace


@dataclass(slots=True)
class Tally:
    """What a run of requests came to so far. asked = replayed + answered + failed + waiting + still open."""

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
