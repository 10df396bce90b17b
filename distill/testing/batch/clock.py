"""The double's clock: Unix seconds that pass `hurry` times as fast as real ones, or only when they are told to."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Clock:
    """`hurry` 3600 makes eight hours pass in eight seconds; with 0 only `step` moves it."""

    hurry: float = 1.0
    _zero: float = field(default_factory=time.time)
    _began: float = field(default_factory=time.monotonic)

    def now(self) -> float:
        """Unix seconds, of this clock."""
        return self._zero + (time.monotonic() - self._began) * self.hurry

    def step(self, seconds: float) -> float:
        """Move on by so many of its seconds; returns the new time."""
        self._zero += seconds
        return self.now()
