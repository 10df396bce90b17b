"""How a batch ends in the journal: closed once its rows are settled, abandoned where it was never made, or given up."""

from __future__ import annotations

from contextlib import suppress
from typing import NoReturn

from distill.errors import AccessRefused, RowsOwed
from distill.records import Answer, Ended
from distill.teacher.batch import journal
from distill.teacher.batch.files import input_file, local_files
from distill.teacher.batch.files.results import ResultReader
from distill.teacher.batch.host.client import HostFault
from distill.teacher.batch.host.state import Look
from distill.teacher.batch.journal import BatchEntry
from distill.teacher.batch.session import BatchSession
from distill.teacher.store.rows import now

_NEVER_MADE = "the batch was never made at the host"
_FIX = "fix what it names and run again"


async def close(session: BatchSession, batch: BatchEntry, look: Look | None, error: str | None) -> None:
    """Remove the files and close the entry, in this order: an open entry is how the files are found after a crash."""
    found = (look.file_id, look.output_file_id, look.error_file_id) if look else (batch.file_id,)
    for file_id in () if session.keep_files else filter(None, found):
        with suppress(HostFault, AccessRefused):  # they expire by themselves; no answer depends on it
            await session.host.delete(file_id)
    local_files.remove(session.store, batch.key)
    count, moment = journal.reported(session.store, batch.key).answered, now()
    await journal.note(
        session.store, batch.key, state="collected", ended=moment, collected=moment, answered=count, error=error
    )
    whose = f" of run {batch.run}" if batch.run != session.run else ""
    session.say(f"  batch {batch.name}{whose}: {error or 'completed'}; {count:,} of {batch.requests:,} rows answered")


async def abandon(session: BatchSession, batch: BatchEntry) -> None:
    """Its rows are pending again; nothing of it was billed."""
    rows = await journal.rows(session.store, batch.key)
    ended = []
    for request, (attempt, _) in rows.items():
        answer = Answer(request, Ended.EXPIRED, error=_NEVER_MADE)
        ended.append((attempt, (request, batch.endpoint, 0, ""), answer))
    await session.settle(batch, ended, rows)
    await journal.note(session.store, batch.key, state="abandoned", error=_NEVER_MADE)
    local_files.path(session.store, batch.key).unlink(missing_ok=True)
    left = [batch.file_id] if batch.file_id else await session.host.named(f"{batch.key}.jsonl")
    for file_id in left:
        await session.host.delete(file_id)


async def refused(session: BatchSession, batch: BatchEntry, why: str, *, then: str = _FIX) -> NoReturn:
    """The host will not take a batch: it is abandoned, and RowsOwed says why and what to do."""
    await abandon(session, batch)
    raise RowsOwed(f"{why}. Nothing was billed; {then}") from None


async def give_up(session: BatchSession, batch: BatchEntry, why: str) -> None:
    """Its rows may have been billed: they are booked at their most, and pending again."""
    path = await local_files.sent(session.store, session.host, batch, session.requests, session.url)
    async with input_file.reading(path) as sent:
        rows = await journal.rows(session.store, batch.key)
        reader = ResultReader(sent, batch.endpoint, session.price_of(batch), rows, session.host.mask)
        await session.settle(batch, reader.missing("completed"), reader.open)
    await close(session, batch, None, why)
