"""How long the answers of one endpoint take, held against its own past: a box that was always slow is no fault, one that slows is.

Two measures, and the kinder one counts: seconds of an answer, which grow when an endpoint queues what we send, and the same by the
calls beside it, which grow when we send it less. Only an endpoint that has slowed grows in both.
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field

RECENT = 8
"""Answers that tell how it is now, and at least as many that tell how it was."""
_PAST = 64


@dataclass(slots=True)
class Latencies:
    """The newest answers of an endpoint, and those before them."""

    _recent: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=RECENT))
    _past: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_PAST))

    def add(self, seconds: float, in_flight: int) -> None:
        """One more answer, and how many calls were in flight at its endpoint when it came, itself among them."""
        if len(self._recent) == RECENT:
            self._past.append(self._recent[0])
        self._recent.append((seconds, seconds / max(1, in_flight)))

    @property
    def slowdown(self) -> float | None:
        """How many times slower it is than it was; None until enough is known."""
        if len(self._recent) < RECENT or len(self._past) < RECENT:
            return None
        ratios = (
            statistics.median(now) / max(1e-6, statistics.median(before))
            for now, before in zip(zip(*self._recent, strict=True), zip(*self._past, strict=True), strict=True)
        )
        return float(min(ratios))

    def usual(self, seconds: float, times: float) -> bool:
        """Whether an answer took at most so many times what was usual before."""
        return not self._past or seconds <= times * statistics.median(one for one, _ in self._past)

    def forget_recent(self) -> None:
        """It is as before again: what it was in between tells nothing."""
        self._recent.clear()
