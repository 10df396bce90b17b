"""Batches that a crash left half made, or that the host has lost: found again, or their rows are owed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distill.records import Answer, Ended
from distill.teacher.batch import book, collection, files, shard
from distill.teacher.batch.book import Batch

if TYPE_CHECKING:
    from distill.teacher.batch.night import Night

_NEVER_MADE = "the batch was never made at the host"


async def recover(night: Night, batch: Batch) -> None:
    """Adopt a batch that was perhaps made, or abandon one that was not."""
    if batch.state == "creating":
        found = await night.host.find(batch.key)
        for twin in found[1:]:
            await night.host.cancel(twin.id)
        if found:
            night.say(f"  batch {found[0].id} is found again at the host")
            await book.note(night.store, batch.key, state="submitted", batch_id=found[0].id)
            return
        if book.since_s(batch.submitted) < night.grace_s:
            return  # it may still appear
    await abandon(night, batch)


async def abandon(night: Night, batch: Batch) -> None:
    """Its rows are owed again; nothing of it was billed."""
    rows = await book.rows(night.store, batch.key)
    ended = [
        (attempt, (request, batch.endpoint, 0, ""), Answer(request, Ended.EXPIRED, error=_NEVER_MADE))
        for request, (attempt, _) in rows.items()
    ]
    await night.settle(ended, rows)
    await book.note(night.store, batch.key, state="abandoned", error=_NEVER_MADE)
    files.path(night.store, batch.key).unlink(missing_ok=True)
    left = [batch.file_id] if batch.file_id else await night.host.named(f"{batch.key}.jsonl")
    for file_id in left:
        await night.host.delete(file_id)


async def lost(night: Night, batch: Batch) -> None:
    """A host forgets a batch for a moment, or for ever: only when it stays away are its rows owed again."""
    since = batch.error.removeprefix("not found since ") if batch.error else book.now()
    await book.note(night.store, batch.key, error=f"not found since {since}")
    if book.since_s(since) < night.lost_s or await night.host.find(batch.key):
        night.say(f"  batch {batch.batch_id}: the host does not know it just now")
        return
    path = await files.sent(night.store, night.host, batch, night.requests, night.url)
    async with shard.reading(path) as sent:
        reader = collection.reader(night, batch, sent, await book.rows(night.store, batch.key))
        await night.settle(reader.missing("completed"), reader.open)  # it may have been billed
    await collection.close(night, batch, None, f"lost at the host since {since}")
