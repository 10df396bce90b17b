"""A batch that has ended: every row of it is settled, then its files go and its entry is closed.

Nothing is closed while files are in doubt (whole.py): what came is kept, the rest is read again, and rows that the host counts
as done are never sent again unasked. Files that are gone at the host are waited for, for `lost_s`; then the rows that they
held are booked as lost, and owed again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from distill.errors import AccessRefused, RowsOwed
from distill.money import price_of
from distill.records import Ended
from distill.teacher.batch import empty_batches, files, input_file, journal
from distill.teacher.batch import results as ingest
from distill.teacher.batch.host import downloads
from distill.teacher.batch.host.client import HostFault, NotThere
from distill.teacher.batch.host.downloads import Doubt, Results
from distill.teacher.batch.host.state import Look
from distill.teacher.batch.journal import Batch
from distill.teacher.collector import short_collections
from distill.teacher.endpoint.job_states import State

if TYPE_CHECKING:
    from distill.teacher.batch.session import Night

_TOKEN_LIMIT = "token_limit"  # noqa: S105 - a code of hosts
_GONE = "gone at the host since "


async def collect(night: Night, batch: Batch, look: Look) -> None:
    """All that an ended batch holds, whatever its end is called; nothing where a crash left only the files to remove."""
    refused, why = "", None if look.state is State.COMPLETED else _why(look)
    if rows := await journal.rows(night.store, batch.key):
        path = await files.sent(night.store, night.host, batch, night.requests, night.url)
        async with input_file.reading(path) as sent:
            read = reader(night, batch, sent, rows)
            came, gone, refused = await _results(night, batch, look, read)
            await night.settle(batch, read.refused(look.faults), read.open)
            if await _held_open(night, batch, look, read, came, gone):
                return
            status = "completed" if gone or look.state is State.UNKNOWN else look.status  # it may have been billed
            missing = read.missing(status)
            await night.settle(batch, missing, read.open)
            why = f"{gone}: {len(missing):,} rows are lost, and may have been billed" if gone and missing else why
    night.stuck.pop(batch.key, None)
    await close(night, batch, look, why)
    if batch.run != night.run:  # what its end teaches is that run's matter
        return
    if refused:
        raise AccessRefused(
            f"the endpoint refused rows of batch {look.id} its key, quota or model ({refused[:400]}); what was answered is kept"
        )
    _learn(night, batch, look)


async def _results(night: Night, batch: Batch, look: Look, read: ingest.Ingest) -> tuple[list[Results], str, str]:
    """Settle every row that a line tells of: the files that came, what was said of one that is gone, and the host's words
    where a row was refused all access."""
    came, gone, refused = list[Results](), "", ""
    for file_id in filter(None, (look.output_file_id, look.error_file_id)):
        results = files.folder(night.store) / f"{batch.key}.{file_id}.jsonl".replace("/", "_")
        try:
            await night.host.download(file_id, results)
        except NotThere as fault:
            gone = f"the file {file_id} is gone at the host ({fault})"
            continue
        came.append(downloads.results_of(file_id, results))
        with short_collections():
            for lines in ingest.lines(results):
                ended = await asyncio.to_thread(read.chunk, lines)
                words = (
                    f"{answer.status}: {answer.error}" for _, _, answer in ended if answer.ended is Ended.NO_ACCESS
                )
                refused = refused or next(words, "")
                await night.settle(batch, ended, read.open)
        results.unlink()
    odd = read.oddities
    strange = {"unknown ids": odd.unknown_ids, "repeated rows": odd.repeated, "unreadable lines": odd.unreadable}
    if any(strange.values()):
        night.say("    ignored: " + ", ".join(f"{count} {name}" for name, count in strange.items() if count))
    return came, gone, refused


async def _held_open(
    night: Night, batch: Batch, look: Look, read: ingest.Ingest, came: list[Results], gone: str
) -> bool:
    """Whether rows that did not come may come at a later round, so that nothing is booked, deleted or sent again now."""
    left = len(await journal.rows(night.store, batch.key))
    if not left or night.give_up_missing:
        return False
    if gone:
        return await _gone(night, batch, gone, left)
    doubt = await downloads.doubt(night.store, night.host, batch, look, read, came)
    if doubt is None:
        return False
    since, readings = downloads.noted(batch)
    readings += 1
    if not doubt.owing and readings >= doubt.readings:
        return False
    await journal.note(night.store, batch.key, error=downloads.note(since or journal.now(), readings, doubt.why))
    _say_doubt(night, batch, doubt, readings, left)
    return True


async def _gone(night: Night, batch: Batch, gone: str, left: int) -> bool:
    """A file may be away for a moment, as a batch may."""
    noted = batch.error or ""
    since = noted.removeprefix(_GONE).partition(" ")[0] if noted.startswith(_GONE) else journal.now()
    await journal.note(night.store, batch.key, error=f"{_GONE}{since} {gone}")
    if journal.since_s(since) < night.lost_s:
        night.say(
            f"  batch {batch.name}: {gone}; its {left:,} rows are waited for until it is {night.lost_s:,.0f} s away"
        )
        return True
    return False


def _say_doubt(night: Night, batch: Batch, doubt: Doubt, readings: int, left: int) -> None:
    said = f"batch {batch.name}: its files are incomplete: {doubt.why}"
    if readings < downloads.TRIES:
        night.say(f"  {said}; {left:,} rows are pending, and the next round reads them again")
        return
    night.stuck[batch.key] = (
        f"{said}, {readings} times. Its {left:,} rows are paid for and are not sent again; run again to read the files once more, "
        "or once with --set teacher.batch.give_up_missing=true to record these rows as lost and send them again"
    )


def reader(night: Night, batch: Batch, sent: input_file.Reader, rows: dict[str, tuple[int, float]]) -> ingest.Ingest:
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
    count, moment = journal.answered(night.store, batch.key), journal.now()
    await journal.note(
        night.store, batch.key, state="collected", ended=moment, collected=moment, answered=count, error=error
    )
    whose = f" of run {batch.run}" if batch.run != night.run else ""
    night.say(f"  batch {batch.name}{whose}: {error or 'completed'}; {count:,} of {batch.requests:,} rows answered")


def _learn(night: Night, batch: Batch, look: Look) -> None:
    """What an end tells: a limit of enqueued tokens, or that the host will never take or never do such a batch."""
    limit = next((message for _, code, message in look.faults if _TOKEN_LIMIT in code), None)
    if limit is not None:
        night.say(
            f"  the host takes {night.room.learn(batch, limit):,} enqueued tokens: batches are submitted one after another"
        )
    elif look.state is State.FAILED and all(line is None for line, _, _ in look.faults):
        raise RowsOwed(f"the host refuses the batch: {_why(look)}. Nothing was billed; fix what it names and run again")
    empty_batches.at_the_end(night, _why(look))


def _why(look: Look) -> str:
    """The end of a batch in a few words, with the first fault of a validation."""
    if not look.faults:
        return look.status
    line, code, message = look.faults[0]
    where = f" at line {line}" if line else ""
    more = f", and {len(look.faults) - 1} more" if len(look.faults) > 1 else ""
    return f"{look.status}: {code}{where}: {message}{more}"
