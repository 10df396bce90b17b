"""One endpoint of several: who is asked there, at what pace, how it is, and what it has come to."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from distill.records import Answer, Ended
from distill.teacher import ModelClient
from distill.teacher.pace import Pace
from distill.teacher.pool.circuit import Circuit
from distill.teacher.pool.latencies import Latencies


@dataclass(slots=True, eq=False)
class Member:
    """An endpoint; counts are of the calls that have ended."""

    client: ModelClient
    pace: Pace
    url: str = ""
    """As it may be shown."""
    circuit: Circuit = field(default_factory=Circuit)
    latencies: Latencies = field(default_factory=Latencies)
    sends: int = 0
    """Calls that were ever begun."""
    answered: int = 0
    failed: int = 0
    rate_limited: int = 0
    completion_tokens: int = 0
    _first_at: float | None = None

    @property
    def in_flight(self) -> int:
        return self.pace.out

    @property
    def tokens_a_second(self) -> float | None:
        """Completion tokens a second since its first call; None before the first answer."""
        if self._first_at is None or not self.answered:
            return None
        return self.completion_tokens / max(1e-3, time.monotonic() - self._first_at)

    def sent(self) -> None:
        """A call begins."""
        self.sends += 1
        self._first_at = self._first_at or time.monotonic()

    def count(self, answer: Answer) -> None:
        """A call has ended."""
        self.answered += answer.ok
        self.rate_limited += answer.ended is Ended.RATE_LIMITED
        self.failed += not answer.ok and answer.ended is not Ended.RATE_LIMITED
        self.completion_tokens += answer.usage.completion_tokens
