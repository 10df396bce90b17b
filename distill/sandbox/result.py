"""What a task's own function said of one row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A score in 0..1 with the function's own message; no score where it could not judge, and then `cause` says why."""

    score: float | None
    message: str = ""
    cause: str = ""

    @property
    def detail(self) -> str:
        """Why there is no score, in a line."""
        return f"verify: {self.cause}: {self.message}" if self.message else f"verify: {self.cause}"
