"""A batch that has ended: every row of it is settled, then its files go and its entry is closed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from distill.errors import AccessRefused, RowsOwed
from distill.money import price_of
from distill.records import Ended
from distill.teacher.batch import book, files, ingest, shard
from distill.teacher.batch.book import Batch
from distill.teacher.batch.host import HostFault, Look
from distill.teacher.collector import short_collections

if TYPE_CHECKING:
    from distill.teacher.batch.night import Night

_TOKEN_LIMIT = "token_limit"  # noqa: S105 - a code of hosts


async def collect(night: Night, batch: Batch, look: Look) -> None:
    """All that an ended batch holds, whatever its end is called; nothing where a crash left only the files to remove."""
    refused = False
    if rows := await book.rows(night.store, batch.key):
        refused = await _ingest(night, batch, look, rows)
    await close(night, batch, look, None if look.status == "completed" else _why(look))
    if refused:
        raise AccessRefused(
            f"the endpoint refused rows of batch {look.id} its key, quota or model; what was answered is kept"
        )
    _learn(night, batch, look)


async def _ingest(night: Night, batch: Batch, look: Look, rows: dict[str, tuple[int, float]]) -> bool:
    """Settle every row; whether one was refused all access."""
    refused = False
    path = await files.sent(night.store, night.host, batch, night.requests, night.url)
    async with shard.reading(path) as sent:
        read = reader(night, batch, sent, rows)
        for file_id in filter(None, (look.output_file_id, look.error_file_id)):
            results = files.folder(night.store) / f"{batch.key}.{file_id}.jsonl".replace("/", "_")
            await night.host.download(file_id, results)
            with short_collections():
                for lines in ingest.lines(results):
                    ended = await asyncio.to_thread(read.chunk, lines)
                    refused = refused or any(answer.ended is Ended.NO_ACCESS for _, _, answer in ended)
                    await night.settle(ended, read.open)
            results.unlink()
        await night.settle(read.refused(look.faults), read.open)
        await night.settle(read.missing(look.status), read.open)
    odd = read.oddities
    strange = {"unknown ids": odd.unknown_ids, "repeated rows": odd.repeated, "unreadable lines": odd.unreadable}
    if any(strange.values()):
        night.say("    left aside: " + ", ".join(f"{count} {name}" for name, count in strange.items() if count))
    return refused


def reader(night: Night, batch: Batch, sent: shard.Reader, rows: dict[str, tuple[int, float]]) -> ingest.Ingest:
    """For the rows that are not settled yet; a batch of a model that the spec named before has its own price."""
    price = night.price if batch.model == night.model else price_of(batch.model, batch=True) or night.price
    return ingest.Ingest(sent, batch.endpoint, price, rows, night.host.mask)


async def close(night: Night, batch: Batch, look: Look | None, error: str | None) -> None:
    """Remove the files and close the entry, in this order: an open entry is how the files are found after a crash."""
    found = (look.file_id, look.output_file_id, look.error_file_id) if look else (batch.file_id,)
    for file_id in () if night.keep_files else filter(None, found):
        with suppress(HostFault, AccessRefused):  # they expire by themselves; no answer hangs on it
            await night.host.delete(file_id)
    files.remove(night.store, batch.key)
    count, moment = book.answered(night.store, batch.key), book.now()
    await book.note(
        night.store, batch.key, state="collected", ended=moment, collected=moment, answered=count, error=error
    )
    if book.decided(night.store, batch.key):
        night.empty = 0
    elif not night.out:
        night.empty += 1
    night.say(f"  batch {batch.batch_id}: {error or 'completed'}; {count:,} of {batch.requests:,} rows answered")


def _learn(night: Night, batch: Batch, look: Look) -> None:
    """What an end tells: a limit of enqueued tokens, or that the host will never take or never do such a batch."""
    limit = next((message for _, code, message in look.faults if _TOKEN_LIMIT in code), None)
    if limit is not None:
        night.say(f"  the host takes {night.room.learn(batch, limit):,} enqueued tokens: batches go one after another")
    elif look.status == "failed" and all(line is None for line, _, _ in look.faults):
        raise RowsOwed(
            f"the host refuses the batch: {_why(look)}. Nothing was billed; mend what it names and run again"
        )
    if night.empty >= night.attempts:
        raise RowsOwed(
            f"{night.empty} batches one after another came to no answer ({_why(look)}). Run again later, or set "
            "teacher.mode to live; `distill explain` shows each row's sends"
        )


def _why(look: Look) -> str:
    """The end of a batch in a few words, with the first fault of a validation."""
    if not look.faults:
        return look.status
    line, code, message = look.faults[0]
    where = f" at line {line}" if line else ""
    more = f", and {len(look.faults) - 1} more" if len(look.faults) > 1 else ""
    return f"{look.status}: {code}{where}: {message}{more}"
