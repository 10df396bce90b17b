"""What is pending, into batches: as far as the budget and the host's tokens reach, each step in the journal before it is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from distill.errors import BudgetReached
from distill.records import Ended, Request
from distill.teacher.batch import empty_batches, journal, uploads
from distill.teacher.batch.closing import refused
from distill.teacher.batch.files import input_file, local_files
from distill.teacher.batch.host.client import HostFault, Refused
from distill.teacher.batch.journal import BatchEntry
from distill.teacher.batch.session import BatchSession
from distill.teacher.store.rows import now

_AT_ONCE = 256
_FEW, _FEW_SHARE = 20, 0.01
"""Fewer rows, or a smaller share of all, wait until nothing else is out, unless they are the rest of a larger lot."""


async def submit(session: BatchSession, requests: Iterable[Request]) -> int:
    """Every pending row into batches, as far as the budget and the host's tokens reach; how many are left waiting."""
    session.progress.failed = 0
    pending = _pending(session, requests)
    request, before = next(pending, None), {batch.key for batch in session.out}
    if request is not None:
        await empty_batches.before_another(session)
    while request is not None:
        limits, key = session.capacity.beside(session.out), journal.new_key(by_file=session.host.by_file)
        with input_file.InputFileWriter(local_files.path(session.store, key), limits) as writer:
            if limits.tokens != 0:
                request = await _fill(session, writer, request, pending)
            await asyncio.to_thread(writer.sync)
        if not writer.rows or (request is None and before and _too_few(session, writer, before)):
            writer.path.unlink()
            if request is not None and not session.out:
                await _refuse_or_wait(session, request)
                continue
            return len(writer.rows) + (request is not None) + sum(1 for _ in pending)
        session.capacity.take(key, limits)
        await _send(session, key, writer)
    return 0


async def _fill(
    session: BatchSession, writer: input_file.InputFileWriter, request: Request | None, pending: Iterator[Request]
) -> Request | None:
    """Write rows until one no longer fits, which is returned; None where all are written."""
    while request is not None and _add(session, writer, request):
        request = next(pending, None)
        if len(writer.rows) % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return request


async def _refuse_or_wait(session: BatchSession, request: Request) -> None:
    """Wait behind others' live calls until the budget has what a row needs; raises what says why nothing goes."""
    usd = session.worst(request)[1]
    await session.budget.reserve_in_turn(usd)
    session.budget.settle(usd, 0.0)


def _too_few(session: BatchSession, writer: input_file.InputFileWriter, before: set[str]) -> bool:
    """Whether the rows should wait for those that were out before and may come back: a batch for each is of no use."""
    rest = any(batch.key not in before for batch in session.out)
    return not rest and len(writer.rows) < max(_FEW, _FEW_SHARE * (session.progress.total or 0))


def _pending(session: BatchSession, requests: Iterable[Request]) -> Iterator[Request]:
    """Those that have no answer, are in no batch and were not given up."""
    source, taken, replayed = iter(requests), set[str](), -session.progress.answered
    while part := list(islice(source, _AT_ONCE)):
        ids = [request.id for request in part]
        held, busy = session.store.held(ids), session.store.in_batches(ids)
        ended = journal.tries(session.store, session.run, ids)
        for request in part:
            if request.id in held:
                replayed += 1
            elif request.id in busy or request.id in taken:
                continue
            elif _given_up(session, ended.get(request.id, ())):
                session.progress.failed += 1
            else:
                taken.add(request.id)
                yield request
    session.progress.replayed = max(0, replayed)


def _given_up(session: BatchSession, ended: Sequence[str]) -> bool:
    failures = [Ended(one) for one in ended if one not in (Ended.EXPIRED, Ended.RATE_LIMITED)]
    unknown = sum(one.maybe_billed for one in failures)
    return Ended.REFUSED in failures or len(failures) >= session.attempts or unknown >= session.unknown


def _add(session: BatchSession, writer: input_file.InputFileWriter, request: Request) -> bool:
    tokens, usd = session.worst(request)
    return session.budget.fits(writer.usd + usd) and writer.add(request, session.url, tokens=tokens, usd=usd)


async def _send(session: BatchSession, key: str, writer: input_file.InputFileWriter) -> None:
    """Reserve its price, upload it, make it; each step is written down before the next."""
    batch = BatchEntry(
        key, session.run, session.spender, session.endpoint, session.model, len(writer.rows), writer.bytes, writer.tokens, now(), "made"
    )  # fmt: skip
    try:
        session.budget.book(writer.usd)
    except BudgetReached:  # another teacher was quicker
        writer.path.unlink()
        raise
    try:
        await journal.enter(session.store, batch, writer.rows, priced=session.price is not None)
    except BaseException:
        session.budget.correct(writer.usd, 0.0)
        raise
    session.progress.sends += batch.requests
    try:
        file_id = await session.host.upload(writer.path)
    except Refused as fault:
        await refused(session, batch, f"the host refuses the file of a batch: {fault}")
    except HostFault as fault:
        session.say(f"  the file of {batch.requests:,} rows may not be uploaded ({fault}); the next round starts again")
        return
    await journal.note(session.store, key, state="uploaded", file_id=file_id)
    await uploads.make(session, replace(batch, state="uploaded", file_id=file_id), file_id)
