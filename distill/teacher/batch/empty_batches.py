"""Batches one after another that came to no answer, by the journal: the count holds over processes, so it holds for cron too."""

from __future__ import annotations

from dataclasses import dataclass

from distill.errors import RowsOwed
from distill.teacher.batch import journal
from distill.teacher.batch.journal import BatchEntry
from distill.teacher.batch.session import BatchSession

_REST_S = 86400.0
"""After which a host is given one more batch."""


@dataclass(frozen=True, slots=True)
class Streak:
    """`count` batches, or groups of batches that were out together, since the last one that brought anything about."""

    count: int = 0
    last: BatchEntry | None = None


def streak(session: BatchSession) -> Streak:
    """Of the run's batches at this endpoint, of this model."""
    mine = (session.spender, session.endpoint, session.model)
    ours = [one for one in journal.of_run(session.store, session.run) if (one.spender, one.endpoint, one.model) == mine]
    closed = sorted((one for one in ours if one.collected), key=lambda one: one.collected or "", reverse=True)
    begun = [(one.made, one.collected) for one in ours if one.state != "abandoned"]
    count, last = 0, None
    for batch in closed:
        if journal.reported(session.store, batch.key).decided:
            break
        last, end = last or batch, batch.collected or ""
        count += not any(made < end and (until is None or until > end) for made, until in begun)
    return Streak(count, last)


def at_the_end(session: BatchSession, why: str) -> None:
    """Raise RowsOwed after an end that was one too many."""
    if (found := streak(session)).count >= session.attempts:
        raise RowsOwed(_said(found.count, why))


async def before_another(session: BatchSession) -> None:
    """The same before a batch is made, where the last one had rows that are asked again; a day later it is tried once more."""
    found = streak(session)
    if found.last is None or found.count < session.attempts or journal.since_s(found.last.collected) > _REST_S:
        return
    asked = {
        request.id for request in session.requests
    }  # a spec that was changed since asks for others: they deserve a try
    if not asked.isdisjoint(journal.order(session.store, found.last.key)):
        raise RowsOwed(_said(found.count, found.last.error or "completed"))


def _said(count: int, why: str) -> str:
    return (
        f"{count} batches in a row gave no answer ({why}), so no other is submitted to the host for a day. Raise "
        "teacher.limits.attempts to try it at once, or set teacher.mode to live; `distill explain` shows each row's sends"
    )
