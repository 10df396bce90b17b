"""Batches that a crash left half made, or that the host has lost: found again, or their rows are pending again."""

from __future__ import annotations

from distill.teacher.batch import journal, uploads
from distill.teacher.batch.closing import abandon, give_up
from distill.teacher.batch.host.client import NotThere
from distill.teacher.batch.host.state import Look
from distill.teacher.batch.journal import BatchEntry
from distill.teacher.batch.session import BatchSession
from distill.teacher.store.rows import now

NOT_FOUND = "not found since "


async def recover(session: BatchSession, batch: BatchEntry) -> None:
    """Adopt a batch that was perhaps made, go on with an upload that is still of use, or abandon a batch that was not made."""
    if batch.state == "creating" or session.host.by_file:
        try:
            found = await session.host.find(batch.key, batch.file_id)
        except NotThere:
            await _unlisted(session, batch)
            return
        for double in found[1:]:
            await session.host.cancel(double.id)
        if found:
            session.say(f"  batch {found[0].id} is found again{'' if session.host.by_file else ' at the host'}")
            await _adopt(session, batch, found[0])
            return
        if not session.host.by_file and journal.since_s(batch.submitted) < session.grace_s:
            return  # it may still appear
    elif batch.state == "uploaded" and await uploads.wanted(session, batch):
        await uploads.make(session, batch, batch.file_id or "")
        return
    await abandon(session, batch)


async def _adopt(session: BatchSession, batch: BatchEntry, look: Look) -> None:
    """A request file may have been written and nothing noted of it: then the journal lacks its file too."""
    file_id, submitted = batch.file_id or look.file_id or None, batch.submitted or now()
    await journal.note(
        session.store, batch.key, state="submitted", batch_id=look.id, file_id=file_id, submitted=submitted
    )


async def _unlisted(session: BatchSession, batch: BatchEntry) -> None:
    """Nobody can know whether a batch was made at a host that lists none: its rows are given up as perhaps billed, later."""
    if journal.since_s(batch.submitted) < session.lost_s:
        session.say("  a batch may have been made, but the host lists none; its rows are pending")
        return
    await give_up(session, batch, "may have been made, but the host lists no batches")


async def lost(session: BatchSession, batch: BatchEntry) -> None:
    """A host forgets a batch for a moment, or for ever: only when it stays away are its rows pending again."""
    since = batch.error.removeprefix(NOT_FOUND) if batch.error and batch.error.startswith(NOT_FOUND) else now()
    await journal.note(session.store, batch.key, error=f"{NOT_FOUND}{since}")
    if journal.since_s(since) < session.lost_s or await _listed(session, batch):
        session.say(f"  batch {batch.batch_id}: the host does not know it just now")
        return
    await give_up(session, batch, f"lost at the host since {since}")


async def _listed(session: BatchSession, batch: BatchEntry) -> bool:
    try:
        return bool(await session.host.find(batch.key, batch.file_id))
    except NotThere:
        return False
