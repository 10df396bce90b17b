"""One round of a batch session: recover what a crash left, look at what is out, collect what has ended, submit what is pending.

Any process can do a round at any time: all that must be remembered is in the journal, written before the step at the host.
A row is in at most one open batch, and in none that is open is it ever sent live.

    made             the batch was certainly not created: abandoned, its rows are pending again    recover.py
    uploaded         nor was it; its file serves for it now, where its rows are still asked for    uploads.py
    creating         perhaps it was: the host's batches are searched for our key and our file, and
                     one that is found is adopted; where there is none after `grace_s`, it is
                     abandoned                                                                     recover.py
    submitted        looked at; collected once it has ended, however it ended                      collect.py

Rows may lie in a batch that another run made over the same store: it is collected in that run's name, where nobody works
on that run (`claim`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

from distill.errors import AccessRefused, DistillError, RowsOwed
from distill.protocol.job_states import State
from distill.records import Request
from distill.teacher.batch import journal, recover
from distill.teacher.batch.collect import collect
from distill.teacher.batch.host.client import NotThere
from distill.teacher.batch.journal import BatchEntry
from distill.teacher.batch.session import BatchSession
from distill.teacher.batch.submit import submit as submitted

_WINDOW_S = 86400.0
"""What a host has for a batch; one in a state that nobody knows is collected after it."""


async def run_round(session: BatchSession, requests: Sequence[Request], *, submit: bool = True) -> None:
    """Recover, look, collect, submit. Faults of the host are said and left to the next round; `AccessRefused`,
    `BudgetReached` and batches that the host will never take are raised, after all that is out was looked at.
    """
    session.begin(requests, submitting=submit)
    fatal: DistillError | None = None
    for batch in [*session.out, *session.others()]:
        try:
            await _visit(session, batch)
        except (AccessRefused, RowsOwed) as fault:
            fatal = fatal or fault
    if fatal is not None:
        raise fatal
    if submit:
        session.waiting = 0
        session.waiting = await submitted(session, requests)
    session.count_waiting()


async def cancel(session: BatchSession) -> None:
    """Ask the host to end every batch that is out; what it has answered by then is collected as always."""
    for batch in session.out:
        if batch.batch_id and batch.key not in session.cancelled:
            with session.patient(batch):
                await session.host.cancel(batch.batch_id)
                session.cancelled.add(batch.key)


async def _visit(session: BatchSession, batch: BatchEntry) -> None:
    """One batch: recovered where a crash left it half made, else looked at."""
    own = batch.run == session.run
    with nullcontext(True) if own else session.claim(batch.run) as ours, session.patient(batch):
        # Whoever worked on another run may have gone on since its batches were listed.
        now = batch if own else journal.reread(session.store, batch)
        if ours and now is not None:
            await (_look(session, now) if now.state == "submitted" else recover.recover(session, now))


async def _look(session: BatchSession, batch: BatchEntry) -> None:
    try:
        look = await session.host.look(batch.batch_id or "")
    except NotThere:
        await recover.lost(session, batch)
        return
    if batch.error and batch.error.startswith(recover.NOT_FOUND):
        await journal.note(session.store, batch.key, error=None)
    unknown = look.state is State.UNKNOWN
    overdue = unknown and journal.since_s(batch.submitted) > _WINDOW_S + session.lost_s
    if look.ended or overdue:
        await collect(session, batch, look)
    elif session.is_news(batch, look.status):
        odd = " (unknown state, treated as running)" if unknown else ""
        session.say(f"  batch {batch.name}: {look.status}{odd}, {look.done:,} of {batch.requests:,} rows done")
