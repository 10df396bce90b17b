"""One request on its way to an answer: how often it was sent, what counts against it, and whether it goes on at another endpoint."""

from __future__ import annotations

from dataclasses import dataclass

from distill.records import Ended, Request
from distill.teacher.pool.member import Member
from distill.teacher.pool.pool import Pool

UNSENT = frozenset({Ended.CONNECTION, Ended.NO_ACCESS})
"""Ends of an endpoint that cost nothing: a row that tries another one has lost no attempt."""
_MOVES = UNSENT | {Ended.OVERLOADED, Ended.TIMEOUT, Ended.BROKEN, Ended.MALFORMED}
"""Ends after which a row goes on at another endpoint without a pause, where there is one."""
_UNSENT_MOVES = 4
"""Times as many of them where nothing was lost: a row may be unlucky, and be sent to see how an endpoint is."""


@dataclass(slots=True)
class Row:
    """A request and its sends so far."""

    request: Request
    sends: int = 0
    failures: int = 0
    """Ends that count against `limits.attempts`: no rate limit."""
    unknown: int = 0
    """Of the sends, how many may be billed without an answer."""
    last: Member | None = None
    """Where it was sent last."""
    _moved: int = 0

    def moves(self, ended: Ended, pool: Pool) -> bool:
        """Whether it goes on at another endpoint at once. It does so about once for each of the others: then it waits as ever."""
        most = (len(pool.members) - 1) * (_UNSENT_MOVES if ended in UNSENT else 1)
        if ended not in _MOVES or self._moved >= most or not pool.elsewhere(self.last):
            return False
        self._moved += 1
        return True

    def count(self, ended: Ended, *, free: bool) -> None:
        """One more send has ended without an answer; `free`: it goes on elsewhere."""
        self.failures += ended is not Ended.RATE_LIMITED and not (free and ended in UNSENT)
        self.unknown += ended.maybe_billed
