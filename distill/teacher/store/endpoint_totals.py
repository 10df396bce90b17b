"""What each of several endpoints that are one teacher was sent in a run, and gave: the ledger by endpoint."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from distill.teacher.store.queries import COST


@dataclass(frozen=True, slots=True)
class EndpointTotals:
    """What one of several endpoints was sent in a run, and gave."""

    endpoint: str
    sends: int
    answered: int
    rate_limited: int
    failed: int
    """Ended without an answer in another way."""
    open: int
    """Outcome unknown: in flight, or of a process that died."""
    prompt_tokens: int
    completion_tokens: int
    usd: float
    seconds: float
    """In which at least one call was in flight there."""

    @property
    def tokens_a_second(self) -> float | None:
        """Completion tokens a second of that time."""
        return self.completion_tokens / self.seconds if self.seconds > 0 and self.completion_tokens else None


_BUSY = (
    "SELECT *, max(0.0, julianday(settled) - max(julianday(started), coalesce(max(julianday(settled)) OVER "
    "(PARTITION BY address ORDER BY started, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0.0))) AS busy "
    "FROM attempts WHERE run=? AND address IS NOT NULL"
)
"""The attempts at each endpoint; `busy` are the days that an attempt adds to those of the attempts before it."""


def endpoint_totals(db: sqlite3.Connection, run: str) -> list[EndpointTotals]:
    """The ledger of a run by endpoint, where several were one teacher; in the order of the first send. Empty for one endpoint."""
    rows = db.execute(
        "SELECT address, count(*), sum(coalesce(ended='ok', 0)), sum(coalesce(ended='rate_limited', 0)), "  # noqa: S608 - names of our own
        "sum(coalesce(ended NOT IN ('ok', 'rate_limited'), 0)), sum(settled IS NULL), sum(coalesce(prompt_tokens, 0)), "
        f"sum(coalesce(completion_tokens, 0)), sum({COST}), coalesce(sum(busy), 0.0) * 86400 FROM ({_BUSY}) GROUP BY address ORDER BY min(id)",
        (run,),
    )
    return [EndpointTotals(*row) for row in rows]
