"""What the student did, counted since the proxy began."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class StudentCounts:
    """asked = answered + the sum of `not_taken` (by a word of `ship.routes.answering.Why`)."""

    asked: int = 0
    answered: int = 0
    """In shadow: those that would have been taken."""
    not_taken: Counter[str] = field(default_factory=Counter)
    passed_by: Counter[str] = field(default_factory=Counter)
    """Calls of which it was not asked: `request`, `other_prompt`, `resting` after failures, `off`, `no_room` and `ended` in shadow."""
    agreed: int = 0
    differed: int = 0
