"""What is owed, into batches: as far as the budget and the host's tokens reach, each step in the book before it is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from distill.errors import BudgetReached, RowsOwed
from distill.money import most_usd
from distill.records import Ended, Request
from distill.teacher.batch import empty_batches, files, input_file, journal, recover
from distill.teacher.batch.host import uploads
from distill.teacher.batch.host.client import HostFault, Refused
from distill.teacher.batch.journal import Batch
from distill.teacher.ceiling import ceiling

if TYPE_CHECKING:
    from distill.teacher.batch.session import Night

_AT_ONCE = 256
_FEW, _FEW_SHARE = 20, 0.01
"""Fewer rows, or a smaller share of all, wait until nothing else is out, unless they are the rest of a larger lot."""


async def submit(night: Night, requests: Iterable[Request]) -> None:
    """Every owed row into batches, as far as the budget and the host's tokens reach."""
    owed = _owed(night, requests)
    night.waiting = night.tally.failed = 0
    request, before = next(owed, None), {batch.key for batch in night.out}
    if request is not None:
        await empty_batches.before_another(night)
    while request is not None:
        room, key = night.room.beside(night.out), journal.new_key()
        full = room.tokens == 0
        with input_file.Writer(files.path(night.store, key), room) as writer:
            while request is not None and not full:
                full = not _add(night, writer, request)
                request = request if full else next(owed, None)
                if len(writer.rows) % _AT_ONCE == 0:
                    await asyncio.sleep(0)
            await asyncio.to_thread(writer.sync)
        if not writer.rows or (request is None and before and _too_few(night, writer, before)):
            writer.path.unlink()
            if request is not None and not night.out:
                usd = worst(night, request)[1]
                # Behind others' live calls; raises what says why nothing goes.
                await night.budget.reserve_in_turn(usd)
                night.budget.settle(usd, 0.0)
                continue
            night.waiting = len(writer.rows) + (request is not None) + sum(1 for _ in owed)
            return
        night.room.take(key, room)
        await _send(night, key, writer)


def _too_few(night: Night, writer: input_file.Writer, before: set[str]) -> bool:
    """Whether the rows should wait for those that were out before and may come back: a batch for each is of no use."""
    rest = any(batch.key not in before for batch in night.out)
    return not rest and len(writer.rows) < max(_FEW, _FEW_SHARE * (night.tally.total or 0))


def _owed(night: Night, requests: Iterable[Request]) -> Iterator[Request]:
    """Those that have no answer, are in no batch and were not given up."""
    source, taken, replayed = iter(requests), set[str](), -night.tally.answered
    while part := list(islice(source, _AT_ONCE)):
        ids = [request.id for request in part]
        held, busy = night.store.held(ids), night.store.in_batches(ids)
        ended = journal.tries(night.store, night.run, ids)
        for request in part:
            if request.id in held:
                replayed += 1
            elif request.id in busy or request.id in taken:
                continue
            elif _given_up(night, ended.get(request.id, ())):
                night.tally.failed += 1
            else:
                taken.add(request.id)
                yield request
    night.tally.replayed = max(0, replayed)


def _given_up(night: Night, ended: Sequence[str]) -> bool:
    failures = [Ended(one) for one in ended if one not in (Ended.EXPIRED, Ended.RATE_LIMITED)]
    unknown = sum(one.maybe_billed for one in failures)
    return Ended.REFUSED in failures or len(failures) >= night.attempts or unknown >= night.unknown


def _add(night: Night, writer: input_file.Writer, request: Request) -> bool:
    tokens, usd = worst(night, request)
    return night.budget.fits(writer.usd + usd) and writer.add(request, night.url, tokens=tokens, usd=usd)


def worst(night: Night, request: Request) -> tuple[int, float]:
    """(prompt tokens, dollars) of a row at the most."""
    most = ceiling(request)
    if night.price is None:
        return most.prompt_tokens, 0.0
    if most not in night.worst_usd:
        night.worst_usd[most] = most_usd(night.price, most)
    return most.prompt_tokens, night.worst_usd[most]


async def _send(night: Night, key: str, writer: input_file.Writer) -> None:
    """Book it, upload it, make it; each step is written down before the next."""
    batch = Batch(
        key, night.run, night.spender, night.endpoint, night.model, len(writer.rows), writer.bytes, writer.tokens, journal.now(), "made"
    )  # fmt: skip
    try:
        night.budget.book(writer.usd)
    except BudgetReached:  # another teacher was quicker
        writer.path.unlink()
        raise
    try:
        await journal.enter(night.store, batch, writer.rows, priced=night.price is not None)
    except BaseException:
        night.budget.correct(writer.usd, 0.0)
        raise
    night.tally.sends += batch.requests
    try:
        file_id = await night.host.upload(writer.path)
    except Refused as fault:
        await recover.abandon(night, batch)
        raise RowsOwed(
            f"the host refuses the file of a batch: {fault}. Nothing was billed; fix what it names and run again"
        ) from None
    except HostFault as fault:
        night.say(f"  the file of {batch.requests:,} rows may not be uploaded ({fault}); the next round starts again")
        return
    await journal.note(night.store, key, state="uploaded", file_id=file_id)
    await uploads.make(night, replace(batch, state="uploaded", file_id=file_id), file_id)
