"""From an uploaded file to a batch: many hosts read a file only after its upload, and refuse a batch of one that is unread.

The file is waited for, for `file_s` in one round; where it is not read by then, the next round goes on with the same upload.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from distill.errors import RowsOwed
from distill.teacher.batch import journal, recover
from distill.teacher.batch.host.client import HostFault, NotThere, Refused, Unread
from distill.teacher.batch.journal import Batch
from distill.teacher.endpoint.job_states import State
from distill.teacher.endpoint.stopping import pause

if TYPE_CHECKING:
    from distill.teacher.batch.session import Night

_FIRST_S, _MOST_S = 0.25, 10.0
"""Between two looks at a file: at first, and at the most."""


async def make(night: Night, batch: Batch, file_id: str) -> None:
    """Make the batch of an uploaded file once the host has read it."""
    until, wait_s = time.monotonic() + night.file_s, _FIRST_S
    while True:
        try:
            word = await _unread(night, file_id, last=time.monotonic() >= until)
            if word is None:
                await _create(night, batch, file_id)
                return
        except Unread as fault:  # certainly not made
            await journal.note(night.store, batch.key, state="uploaded", submitted=None)
            word = str(fault)
        except Refused as fault:
            await recover.abandon(night, batch)
            raise RowsOwed(
                f"the host refuses the batch: {fault}. Nothing was billed; fix what it names and run again"
            ) from None
        if (left := until - time.monotonic()) <= 0:
            await _leave(night, batch, word)
            return
        await pause(night.host.stop, min(wait_s, left))
        wait_s = min(_MOST_S, 2 * wait_s)


async def _unread(night: Night, file_id: str, *, last: bool) -> str | None:
    """The host's word for a file that it has not read; None where it has, or where only a create can tell."""
    try:
        look = await night.host.file(file_id)
    except HostFault:  # it may have no such look; whether the file is there shows at the create
        return None
    if look.state is State.FAILED:
        raise Refused(f"it can't read the file {file_id}: {look.why}")
    unknown = look.state is State.UNKNOWN and last
    return None if look.state is State.COMPLETED or unknown else look.word


async def _create(night: Night, batch: Batch, file_id: str) -> None:
    await journal.note(night.store, batch.key, state="creating", submitted=journal.now())
    try:
        look = await night.host.create(file_id, url=night.url, key=batch.key)
    except (Refused, Unread):
        raise
    except HostFault as fault:
        night.say(f"  a batch of {batch.requests:,} rows may not have been made ({fault}); the next round looks for it")
        return
    await journal.note(night.store, batch.key, state="submitted", batch_id=look.id)
    usd = journal.booked_usd(night.store, batch.key)
    night.say(f"  batch {look.id}: {batch.requests:,} rows submitted, at most ${usd:.4f}")


async def _leave(night: Night, batch: Batch, word: str) -> None:
    """The next round goes on with the same upload; not for ever."""
    if journal.since_s(batch.made) > max(night.lost_s, night.file_s):
        await recover.abandon(night, batch)
        raise RowsOwed(
            f"the host has not read the file of a batch in {journal.since_s(batch.made) / 60:.0f} minutes ({word}). Nothing was billed; "
            "run again to upload it once more, or set teacher.mode to live"
        )
    night.say(
        f"  the host has not read the file of {batch.requests:,} rows yet ({word}); the next round goes on with this upload"
    )


async def wanted(night: Night, batch: Batch) -> bool:
    """Whether an upload is still of use: batches are to be made, and every row of it is still asked for and at the host."""
    if not (night.submitting and batch.file_id and batch.run == night.run):
        return False
    asked = {request.id for request in night.requests}
    if not asked.issuperset(await journal.rows(night.store, batch.key)):
        return False
    try:
        look = await night.host.file(batch.file_id)
    except NotThere:
        return False
    return look.state not in (State.FAILED, State.EXPIRED, State.CANCELLED)
