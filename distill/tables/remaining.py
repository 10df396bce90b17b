"""The rows that steps leave, one step after the other, and what each step dropped.

A table of a million rows fits in memory once, not five times. This is the one holder of it: a step takes the rows, what it
keeps goes on to the next, of what it drops the losses stay, and what it freed goes back to the system.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from distill import memory
from distill.tables.outcome import Outcome


class RemainingRows:
    """`losses` are the outcomes of the steps so far, without the rows kept."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame: pl.DataFrame | None = frame
        self.losses: list[Outcome] = []

    def take(self) -> pl.DataFrame:
        """The rows, which are no longer held here."""
        frame, self._frame = self._frame, None
        if frame is None:
            raise ValueError("the rows were taken; put back what is left of them first")
        return frame

    def put(self, frame: pl.DataFrame, *outcomes: Outcome) -> None:
        """Hold these rows from now on; `outcomes` are the steps that they come from."""
        self._frame = frame
        self.losses += [replace(outcome, kept=outcome.kept.clear()) for outcome in outcomes]

    def column(self, name: str) -> pl.Series:
        frame = self.take()
        self._frame = frame
        return frame[name]

    def run(self, step: Callable[[pl.DataFrame], Outcome]) -> None:
        """Hand the rows to a step, and hold what it keeps."""
        held = int(self._frame.estimated_size()) if self._frame is not None else 0
        outcome = step(self.take())
        self.put(outcome.kept, outcome)
        del outcome
        memory.release(held)
