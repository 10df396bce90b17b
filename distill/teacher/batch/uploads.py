"""From an uploaded file to a batch: many hosts read a file only after its upload, and refuse a batch of one that is unread.

The file is waited for, for `file_s` in one round; where it is not read by then, the next round goes on with the same upload.
"""

from __future__ import annotations

import time

from distill.protocol.job_states import State
from distill.teacher.batch import journal
from distill.teacher.batch.closing import refused
from distill.teacher.batch.host.client import HostFault, NotThere, Refused, Unread
from distill.teacher.batch.journal import BatchEntry
from distill.teacher.batch.session import BatchSession
from distill.teacher.endpoint.stopping import pause
from distill.teacher.store.rows import now

_FIRST_S, _MOST_S = 0.25, 10.0
"""Between two looks at a file: at first, and at the most."""


async def make(session: BatchSession, batch: BatchEntry, file_id: str) -> None:
    """Make the batch of an uploaded file once the host has read it."""
    until, wait_s = time.monotonic() + session.file_s, _FIRST_S
    while True:
        try:
            word = await _unread(session, file_id, last=time.monotonic() >= until)
            if word is None:
                await _create(session, batch, file_id)
                return
        except Unread as fault:  # certainly not made
            await journal.note(session.store, batch.key, state="uploaded", submitted=None)
            word = str(fault)
        except Refused as fault:
            await refused(session, batch, f"the host refuses the batch: {fault}")
        if (left := until - time.monotonic()) <= 0:
            await _leave(session, batch, word)
            return
        await pause(session.host.stop, min(wait_s, left))
        wait_s = min(_MOST_S, 2 * wait_s)


async def _unread(session: BatchSession, file_id: str, *, last: bool) -> str | None:
    """The host's word for a file that it has not read; None where it has, or where only a create can tell."""
    try:
        look = await session.host.file(file_id)
    except HostFault:  # it may have no such look; whether the file is there shows at the create
        return None
    if look.state is State.FAILED:
        raise Refused(f"it can't read the file {file_id}: {look.why}")
    unknown = look.state is State.UNKNOWN and last
    return None if look.state is State.COMPLETED or unknown else look.word


async def _create(session: BatchSession, batch: BatchEntry, file_id: str) -> None:
    await journal.note(session.store, batch.key, state="creating", submitted=now())
    try:
        look = await session.host.create(file_id, url=session.url, key=batch.key)
    except (Refused, Unread):
        raise
    except HostFault as fault:
        said = f"a batch of {batch.requests:,} rows may not have been made ({fault})"
        session.say(f"  {said}; the next round looks for it")
        return
    await journal.note(session.store, batch.key, state="submitted", batch_id=look.id)
    usd = journal.booked_usd(session.store, batch.key)
    session.say(f"  batch {look.id}: {batch.requests:,} rows submitted, at most ${usd:.4f}")


async def _leave(session: BatchSession, batch: BatchEntry, word: str) -> None:
    """The next round goes on with the same upload; not for ever."""
    if journal.since_s(batch.made) > max(session.lost_s, session.file_s):
        said = f"the host has not read the file of a batch in {journal.since_s(batch.made) / 60:.0f} minutes ({word})"
        await refused(session, batch, said, then="run again to upload it once more, or set teacher.mode to live")
    said = f"the host has not read the file of {batch.requests:,} rows yet ({word})"
    session.say(f"  {said}; the next round goes on with this upload")


async def wanted(session: BatchSession, batch: BatchEntry) -> bool:
    """Whether an upload is still of use: batches are to be made, and every row of it is still asked for and at the host."""
    if not (session.submitting and batch.file_id and batch.run == session.run):
        return False
    asked = {request.id for request in session.requests}
    if not asked.issuperset(await journal.rows(session.store, batch.key)):
        return False
    try:
        look = await session.host.file(batch.file_id)
    except NotThere:
        return False
    return look.state not in (State.FAILED, State.EXPIRED, State.CANCELLED)
