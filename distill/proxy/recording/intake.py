"""The pieces of an answer on their way to the caller, and which of them makes it whole.

That piece is held back until the row is written: whoever has seen an answer's end finds the call in the log, whatever ends the process.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import orjson

from distill.proxy.recording.answered_call import AnsweredCall
from distill.proxy.recording.sse import DoneMark

MOST = 8 << 20
"""Bytes of a request, and of an answer, that are kept."""


@dataclass(slots=True)
class AnswerIntake:
    """Of one call. `length` is what the answer's head says of its length, None where it says nothing."""

    request: bytes
    streamed: bool
    length: int | None
    began: float = field(default_factory=time.time)
    clock: float = field(default_factory=time.perf_counter)
    taken: int = 0
    recorded: bool = False
    _held: bytearray = field(default_factory=bytearray)
    _mark: DoneMark = field(default_factory=DoneMark)

    @property
    def too_long(self) -> bool:
        return self.taken > MOST

    def whole_with(self, piece: bytes) -> bool:
        """Whether the answer is whole with this piece; True once at most."""
        self.taken += len(piece)
        if self.too_long:
            self._held.clear()
            return False
        self._held += piece
        return not self.recorded and (self.taken == self.length or self._ends(piece))

    def call(self) -> AnsweredCall:
        """What is to be recorded, which is then done."""
        self.recorded = True
        return AnsweredCall(
            self.began, time.perf_counter() - self.clock, self.request, bytes(self._held), streamed=self.streamed
        )

    def _ends(self, piece: bytes) -> bool:
        if self.streamed:
            return self._mark.passed(piece)
        if self.length is not None or not piece.rstrip().endswith(b"}"):
            return False
        try:
            orjson.loads(self._held)
        except orjson.JSONDecodeError:
            return False
        return True
