"""A batch that has ended: every row of it is settled, then its files go and its entry is closed.

Nothing is closed while files are in doubt (downloads.py): what came is kept, the rest is read again, and rows that the host counts
as done are never sent again unasked. Files that are gone at the host are waited for, for `lost_s`; then the rows that they
held are booked as lost, and pending again.
"""

from __future__ import annotations

import asyncio

from distill.errors import AccessRefused, RowsOwed
from distill.memory import short_collections
from distill.protocol.job_states import State
from distill.records import Ended
from distill.teacher.batch import empty_batches, journal
from distill.teacher.batch.closing import close
from distill.teacher.batch.files import downloads, input_file, local_files, results
from distill.teacher.batch.files.downloads import Doubt, Results
from distill.teacher.batch.host.client import NotThere
from distill.teacher.batch.host.state import Look
from distill.teacher.batch.journal import BatchEntry
from distill.teacher.batch.session import BatchSession
from distill.teacher.store.rows import now

_TOKEN_LIMIT = "token_limit"  # noqa: S105 - a code of hosts
_GONE = "gone at the host since "


async def collect(session: BatchSession, batch: BatchEntry, look: Look) -> None:
    """All that an ended batch holds, whatever its end is called; nothing where a crash left only the files to remove."""
    refused, why = "", None if look.state is State.COMPLETED else _why(look)
    if rows := await journal.rows(session.store, batch.key):
        path = await local_files.sent(session.store, session.host, batch, session.requests, session.url)
        async with input_file.reading(path) as sent:
            read = results.ResultReader(sent, batch.endpoint, session.price_of(batch), rows, session.host.mask)
            came, gone, refused = await _results(session, batch, look, read)
            await session.settle(batch, read.refused(look.faults), read.open)
            if await _held_open(session, batch, look, read, came, gone):
                return
            status = "completed" if gone or look.state is State.UNKNOWN else look.status  # it may have been billed
            missing = read.missing(status)
            await session.settle(batch, missing, read.open)
            why = f"{gone}: {len(missing):,} rows are lost, and may have been billed" if gone and missing else why
    session.stuck.pop(batch.key, None)
    await close(session, batch, look, why)
    if batch.run != session.run:  # what its end teaches is that run's matter
        return
    if refused:
        raise AccessRefused(
            f"the endpoint refused rows of batch {look.id} its key, quota or model ({refused[:400]}); what was answered is kept"
        )
    _learn(session, batch, look)


async def _results(
    session: BatchSession, batch: BatchEntry, look: Look, read: results.ResultReader
) -> tuple[list[Results], str, str]:
    """Settle every row that a line tells of: the files that came, what was said of one that is gone, and the host's words
    where a row was refused all access."""
    came, gone, refused = list[Results](), "", ""
    for file_id in filter(None, (look.output_file_id, look.error_file_id)):
        path = local_files.folder(session.store) / f"{batch.key}.{file_id}.jsonl".replace("/", "_")
        try:
            await session.host.download(file_id, path)
        except NotThere as fault:
            gone = f"the file {file_id} is gone at the host ({fault})"
            continue
        came.append(downloads.results_of(file_id, path))
        with short_collections():
            for lines in results.read_lines(path):
                ended = await asyncio.to_thread(read.chunk, lines)
                barred = (answer for _, _, answer in ended if answer.ended is Ended.NO_ACCESS)
                refused = refused or next((f"{answer.status}: {answer.error}" for answer in barred), "")
                await session.settle(batch, ended, read.open)
        path.unlink()
    odd = read.oddities
    strange = {"unknown ids": odd.unknown_ids, "repeated rows": odd.repeated, "unreadable lines": odd.unreadable}
    if any(strange.values()):
        session.say("    ignored: " + ", ".join(f"{count} {name}" for name, count in strange.items() if count))
    return came, gone, refused


async def _held_open(
    session: BatchSession, batch: BatchEntry, look: Look, read: results.ResultReader, came: list[Results], gone: str
) -> bool:
    """Whether rows that did not come may come at a later round, so that nothing is booked, deleted or sent again now."""
    left = len(await journal.rows(session.store, batch.key))
    if not left or session.give_up_missing:
        return False
    if gone:
        return await _gone(session, batch, gone, left)
    doubt = await downloads.doubt(session.store, session.host, batch, look, read, came)
    if doubt is None:
        return False
    since, readings = downloads.noted(batch)
    readings += 1
    if not doubt.owing and readings >= doubt.readings:
        return False
    await journal.note(session.store, batch.key, error=downloads.note(since or now(), readings, doubt.why))
    _say_doubt(session, batch, doubt, readings, left)
    return True


async def _gone(session: BatchSession, batch: BatchEntry, gone: str, left: int) -> bool:
    """A file may be away for a moment, as a batch may."""
    noted = batch.error or ""
    since = noted.removeprefix(_GONE).partition(" ")[0] if noted.startswith(_GONE) else now()
    await journal.note(session.store, batch.key, error=f"{_GONE}{since} {gone}")
    waits = journal.since_s(since) < session.lost_s
    if waits:
        until = f"until it is {session.lost_s:,.0f} s away"
        session.say(f"  batch {batch.name}: {gone}; its {left:,} rows are waited for {until}")
    return waits


def _say_doubt(session: BatchSession, batch: BatchEntry, doubt: Doubt, readings: int, left: int) -> None:
    said = f"batch {batch.name}: its files are incomplete: {doubt.why}"
    if readings < downloads.TRIES:
        session.say(f"  {said}; {left:,} rows are pending, and the next round reads them again")
        return
    session.stuck[batch.key] = (
        f"{said}, {readings} times. Its {left:,} rows are paid for and are not sent again; run again to read the files once more, "
        "or once with --set teacher.batch.give_up_missing=true to record these rows as lost and send them again"
    )


def _learn(session: BatchSession, batch: BatchEntry, look: Look) -> None:
    """What an end tells: a limit of enqueued tokens, or that the host will never take or never do such a batch."""
    limit = next((message for _, code, message in look.faults if _TOKEN_LIMIT in code), None)
    if limit is not None:
        tokens = session.capacity.learn(batch, limit)
        session.say(f"  the host takes {tokens:,} enqueued tokens: batches are submitted one after another")
    elif look.state is State.FAILED and all(line is None for line, _, _ in look.faults):
        raise RowsOwed(f"the host refuses the batch: {_why(look)}. Nothing was billed; fix what it names and run again")
    empty_batches.at_the_end(session, _why(look))


def _why(look: Look) -> str:
    """The end of a batch in a few words, with the first fault of a validation."""
    if not look.faults:
        return look.status
    line, code, message = look.faults[0]
    where = f" at line {line}" if line else ""
    more = f", and {len(look.faults) - 1} more" if len(look.faults) > 1 else ""
    return f"{look.status}: {code}{where}: {message}{more}"
