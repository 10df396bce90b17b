"""What a run tells whoever watches it. `cli.show` draws it; a notebook or a test may watch nothing."""

from __future__ import annotations

from typing import Protocol

from distill.teacher.progress import Tally


class Watch(Protocol):
    """Called from the event loop: be quick."""

    def stage(self, name: str, note: str = "") -> None:
        """A stage begins."""

    def skipped(self, name: str) -> None:
        """A stage's inputs and settings are those of its last time."""

    def tally(self, spender: str, tally: Tally) -> None:
        """Calls so far."""

    def training(self, *, step: int, steps: int, train_loss: float | None, valid_loss: float | None) -> None:
        """One logged step of training."""

    def say(self, text: str) -> None:
        """A line worth keeping."""


class Silent:
    """Watches nothing."""

    def stage(self, name: str, note: str = "") -> None: ...
    def skipped(self, name: str) -> None: ...
    def tally(self, spender: str, tally: Tally) -> None: ...
    def training(self, *, step: int, steps: int, train_loss: float | None, valid_loss: float | None) -> None: ...
    def say(self, text: str) -> None: ...
