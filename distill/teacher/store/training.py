"""A hosted training in the ledger: one row a job, under the spender `training`, written before the job is made.

Its key is the tag of the job, where a call has its request's id; it is settled when the job has ended. A row that is open
counts as spent at what was reserved for it, as a call of unknown outcome does.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from distill.records import Ended
from distill.teacher.store import rows
from distill.teacher.store.store import Store

SPENDER = "training"
_BEGIN = (
    "INSERT INTO attempts (request_id, run, spender, started, reserved_usd, priced) SELECT ?1,?2,?3,?4,?5,?6 "
    "WHERE NOT EXISTS (SELECT 1 FROM attempts WHERE request_id=?1 AND run=?2 AND settled IS NULL)"
)
_END = (
    "UPDATE attempts SET settled=?, ended=?, prompt_tokens=?, completion_tokens=0, usd=?, priced=?, estimated=?, error=? "
    "WHERE request_id=? AND run=? AND settled IS NULL"
)


@dataclass(frozen=True, slots=True)
class TrainingEnd:
    """How a job ended: its trained tokens and dollars, None where nobody says; `estimated`: reckoned here, not by the host."""

    ended: Ended
    tokens: int | None
    usd: float | None
    estimated: bool = True
    error: str = ""


def reserved(db: sqlite3.Connection, run: str, key: str) -> float | None:
    """What is reserved for a job of a run that has not ended; None where there is none."""
    query = "SELECT reserved_usd FROM attempts WHERE request_id=? AND run=? AND settled IS NULL"
    return next((float(usd) for (usd,) in db.execute(query, (key, run))), None)


async def begin(store: Store, run: str, key: str, usd: float | None) -> None:
    """Commit that a job is about to be made; nothing where one of this key is open. `usd` None is an unknown price."""
    await store.commit([(_BEGIN, (key, run, SPENDER, rows.now(), usd or 0.0, int(usd is not None)))])


async def end(store: Store, run: str, key: str, found: TrainingEnd) -> None:
    """Commit how it ended; nothing where no job of this key is open."""
    priced, usd = int(found.usd is not None), found.usd or 0.0
    values = (rows.now(), found.ended.value, found.tokens or 0, usd, priced, int(found.estimated), found.error[:2000])
    await store.commit([(_END, (*values, key, run))])
