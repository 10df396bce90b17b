"""Batches that a crash left half made, or that the host has lost: found again, or their rows are owed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distill.records import Answer, Ended
from distill.teacher.batch import collect, files, input_file, journal
from distill.teacher.batch.host import uploads
from distill.teacher.batch.host.client import NotThere
from distill.teacher.batch.journal import Batch

if TYPE_CHECKING:
    from distill.teacher.batch.session import Night

_NEVER_MADE = "the batch was never made at the host"
NOT_FOUND = "not found since "


async def recover(night: Night, batch: Batch) -> None:
    """Adopt a batch that was perhaps made, go on with an upload that is still of use, or abandon a batch that was not made."""
    if batch.state == "creating":
        try:
            found = await night.host.find(batch.key, batch.file_id)
        except NotThere:
            await _unlisted(night, batch)
            return
        for twin in found[1:]:
            await night.host.cancel(twin.id)
        if found:
            night.say(f"  batch {found[0].id} is found again at the host")
            await journal.note(night.store, batch.key, state="submitted", batch_id=found[0].id)
            return
        if journal.since_s(batch.submitted) < night.grace_s:
            return  # it may still appear
    elif batch.state == "uploaded" and await uploads.wanted(night, batch):
        await uploads.make(night, batch, batch.file_id or "")
        return
    await abandon(night, batch)


async def _unlisted(night: Night, batch: Batch) -> None:
    """Nobody can know whether a batch was made at a host that lists none: its rows are given up as perhaps billed, later."""
    if journal.since_s(batch.submitted) < night.lost_s:
        night.say("  a batch may have been made, but the host lists none; its rows are pending")
        return
    await _give_up(night, batch, "may have been made, but the host lists no batches")


async def abandon(night: Night, batch: Batch) -> None:
    """Its rows are owed again; nothing of it was billed."""
    rows = await journal.rows(night.store, batch.key)
    ended = [
        (attempt, (request, batch.endpoint, 0, ""), Answer(request, Ended.EXPIRED, error=_NEVER_MADE))
        for request, (attempt, _) in rows.items()
    ]
    await night.settle(batch, ended, rows)
    await journal.note(night.store, batch.key, state="abandoned", error=_NEVER_MADE)
    files.path(night.store, batch.key).unlink(missing_ok=True)
    left = [batch.file_id] if batch.file_id else await night.host.named(f"{batch.key}.jsonl")
    for file_id in left:
        await night.host.delete(file_id)


async def lost(night: Night, batch: Batch) -> None:
    """A host forgets a batch for a moment, or for ever: only when it stays away are its rows owed again."""
    since = batch.error.removeprefix(NOT_FOUND) if batch.error and batch.error.startswith(NOT_FOUND) else journal.now()
    await journal.note(night.store, batch.key, error=f"{NOT_FOUND}{since}")
    if journal.since_s(since) < night.lost_s or await _listed(night, batch):
        night.say(f"  batch {batch.batch_id}: the host does not know it just now")
        return
    await _give_up(night, batch, f"lost at the host since {since}")


async def _listed(night: Night, batch: Batch) -> bool:
    try:
        return bool(await night.host.find(batch.key, batch.file_id))
    except NotThere:
        return False


async def _give_up(night: Night, batch: Batch, why: str) -> None:
    """Its rows may have been billed: they are booked at their most, and owed again."""
    path = await files.sent(night.store, night.host, batch, night.requests, night.url)
    async with input_file.reading(path) as sent:
        reader = collect.reader(night, batch, sent, await journal.rows(night.store, batch.key))
        await night.settle(batch, reader.missing("completed"), reader.open)
    await collect.close(night, batch, None, why)
