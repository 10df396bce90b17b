"""How long a training may still take, by the steps of this process alone: those of one that was killed took their time before."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class StepsLeft:
    """Of `total` steps. Steps are of like length: pairs are grouped at random."""

    total: int
    clock: Callable[[], float] = time.monotonic
    _first: tuple[int, float] | None = field(default=None, init=False)

    def after(self, step: int) -> float | None:
        """Seconds that are left when a step is done; None after the first one, which loads and compiles as well."""
        now = self.clock()
        if self._first is None:
            self._first = step, now
            return None
        first, began = self._first
        return (now - began) / (step - first) * max(0, self.total - step) if step > first else None
