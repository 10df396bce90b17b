"""Answers by batch, round by round, and the choice between a batch and live calls.

batch   everything by batch; a round, and then either the next command goes on or, with `wait`, this one
file    the same by request files in a folder, which somebody else answers
auto    a few rows live, to know what a row takes; the bulk by batch; live, at full price, what could not be done by
        batch before the deadline, and the few rows that are not worth another batch
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from distill import finish_reason
from distill.errors import AccessRefused, RowsOwed
from distill.teacher.batch import journal
from distill.teacher.batch.by_file.folder_host import FolderHost
from distill.teacher.batch.files.input_file import BatchLimits
from distill.teacher.batch.host.client import reached
from distill.teacher.batch.open_batches import Claims, waited_for
from distill.teacher.batch.round import cancel, run_round
from distill.teacher.batch.session import BatchSession
from distill.teacher.endpoint.stopping import Stopped, pause
from distill.teacher.pace import live_rate
from distill.teacher.progress import Progress
from distill.teacher.requests import raised
from distill.teacher.send import Interrupted, Sender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from distill.records import Request
    from distill.teacher.batch.host.protocol import BatchService
    from distill.teacher.endpoint.address import Model

PILOT = 20
"""Rows asked live before batches, in `auto`."""
SLACK = 1.25
"""Live calls are given so much more time than the pilot says."""
_FEW = 0.02
"""Of the rows, so many are not worth another batch in `auto`."""
_HURRIED_S = 5.0
"""Between two looks at a batch that is being cancelled."""
_AT_ONCE = 500
_FOLDER = "file-mode"
"""Beside the answer store, where the spec names no folder for request files."""


class InBatches(RowsOwed):
    """Rows are in batches at the host: the same command, run later, collects them."""


class StoppedWaiting(InBatches):
    """Ctrl-C while batches were waited for; they go on at the host."""

    exit_code = 130


def gone(fault: BaseException) -> bool:
    """Whether a model is not there or refuses us, so that others may go on without it; not where rows only come later."""
    return isinstance(fault, AccessRefused | RowsOwed) and not isinstance(fault, Interrupted | InBatches)


async def send(sender: Sender, requests: Sequence[Request], model: Model, spender: str) -> Progress:
    """Answer what is pending; starts or reaches the model only if something is. Raises RowsOwed when interrupted.

    With `raise_to` in its sampling, answers that were cut off are asked for once more with so many tokens.
    """
    progress = await ask(sender, requests, model, spender)
    if (most := model.sampling.raise_to) is not None:
        held = ((r, sender.store.get(r.id)) for r in requests)
        cut = [raised(r, most) for r, answer in held if answer and answer.finish_reason == finish_reason.LENGTH]
        await ask(sender, cut, model, spender)
    return progress


async def ask(sender: Sender, requests: Sequence[Request], one: Model, spender: str) -> Progress:
    """Answer what is pending by the way the spec names; raises `InBatches` where it has to be collected later."""
    out = set[bool]() if one.address.local else _out(sender, requests, one, spender)
    if one.address.local or (one.mode == "live" and not out):
        return await sender.live(requests, one, spender)
    if one.mode == "auto" and not out and (pilot := _unanswered(sender, requests[:PILOT])):
        await sender.live(pilot, one, spender)
    one.address.check()
    by_file = one.address.by_file or (one.mode == "live" and out == {True})
    if (not by_file) in out:  # the mode was changed since: what is out there is collected, and nothing new goes there
        async with _session(sender, one, spender, len(requests), by_file=not by_file) as other:
            await run_round(other, requests, submit=False)
    async with _session(sender, one, spender, len(requests), by_file=by_file) as session:
        try:
            return await _rounds(sender, session, requests, one)
        except Stopped:
            _leave(session, StoppedWaiting)


async def at_once(sender: Sender, requests: Sequence[Request], one: Model, spender: str) -> Progress:
    """Answer what is pending by calls, whatever the mode says: who asks does not wait for a batch. A model that answers by file
    takes no calls; it is asked as ever, which may raise `InBatches`.
    """
    if one.address.by_file:
        return await ask(sender, requests, one, spender)
    return await sender.live(requests, one, spender)


@asynccontextmanager
async def _session(
    sender: Sender, one: Model, spender: str, rows: int, *, by_file: bool
) -> AsyncIterator[BatchSession]:
    """The batches of a spender, at the model's host or in its folder; what they sent counts for the sender."""
    claims, batch = Claims(sender.store), one.batch
    async with _host(sender, one, spender, by_file=by_file) as host:
        session = BatchSession(
            host=host, store=sender.store, run=sender.run, spender=spender, endpoint=one.address.identity,
            model=one.address.model, budget=sender.budget, price=one.address.batch_price,
            url="/v1/responses" if one.address.dialect == "responses" else "/v1/chat/completions",
            limits=BatchLimits(batch.rows, int(batch.megabytes * 1e6), batch.enqueued_tokens),
            attempts=one.limits.attempts, unknown=one.limits.unknown, grace_s=batch.grace_s, lost_s=batch.lost_s,
            file_s=batch.file_s, keep_files=batch.keep_files, give_up_missing=batch.give_up_missing,
            claim=claims.hold, unclaimed=claims.gone, say=sender.watch.say,
            progress=Progress(total=rows, priced=one.address.batch_price is not None),
        )  # fmt: skip
        try:
            yield session
        finally:
            sender.sends += session.progress.sends
            sender.replayed += session.progress.replayed


@asynccontextmanager
async def _host(sender: Sender, one: Model, spender: str, *, by_file: bool) -> AsyncIterator[BatchService]:
    at = one.address
    if by_file:
        yield _folder_host(sender, one, spender)
        return
    async with reached(at.url, at.key, at.headers, mask=at.mask, stop=sender.stop) as host:
        yield host


def _folder_host(sender: Sender, one: Model, spender: str) -> FolderHost:
    """The folder of a model's requests, made where it is not there; OSError where that can't be."""
    beside = sender.store.path.parent
    folder = beside / _FOLDER if one.batch.folder is None else beside.parent / Path(one.batch.folder).expanduser()
    made = FolderHost(
        folder=folder, store=sender.store, label=f"{sender.run}-{spender}", model=one.address.model, mask=one.address.mask,
        give_up_missing=one.batch.give_up_missing, say=sender.watch.say, stop=sender.stop,
    )  # fmt: skip
    made.prepare()
    return made


def _out(sender: Sender, requests: Sequence[Request], one: Model, spender: str) -> set[bool]:
    """Of batches that are ours to collect, whether they are request files or at a host; empty where none is out."""
    there = [batch for batch in journal.opened(sender.store) if batch.endpoint == one.address.identity]
    mine = [batch for batch in there if (batch.run, batch.spender) == (sender.run, spender)]
    others, gone = [batch for batch in there if batch.run != sender.run], Claims(sender.store).gone
    holding = journal.holding(sender.store, others, [request.id for request in requests] if others else [])
    return {batch.by_file for batch in [*mine, *(one for one in others if one.key in holding or gone(one.run))]}


async def _rounds(sender: Sender, session: BatchSession, requests: Sequence[Request], one: Model) -> Progress:
    """Rounds until nothing is out and nothing is pending. Rows in a batch are never sent live, not even when it is late."""
    live, patience = False, 0.0
    while True:
        before, live = live, live or _live_now(sender, session, requests, one)
        if live and one.mode == "auto" and session.out:
            if not before:
                patience = time.monotonic() + one.batch.cancel_s  # some hosts never come to the end of a cancelling
                sender.watch.say("  the deadline is near: batches are cancelled, unfinished rows are sent live")
            await cancel(session)
        await run_round(session, requests, submit=not live)
        sender.watch.progress(session.spender, session.progress)
        out = bool(session.out or any(session.others().values()))
        if live:
            progress = await sender.live(requests, one, session.spender)
            if not out:
                return progress
        elif not out and not session.waiting:
            return session.progress
        hurried = time.monotonic() < patience
        if sender.stop.is_set() or not (sender.wait or hurried) or _all_stuck(session):
            _leave(session, StoppedWaiting if sender.stop.is_set() else InBatches)
        await pause(sender.stop, min(_HURRIED_S, one.batch.poll_s) if hurried else one.batch.poll_s)


def _live_now(sender: Sender, session: BatchSession, requests: Sequence[Request], one: Model) -> bool:
    """Whether what is in no batch is to be asked live."""
    if one.mode != "auto":
        return one.mode == "live"
    left = len(_unanswered(sender, requests))
    if not session.out and left <= max(PILOT, round(_FEW * len(requests))):
        return True
    if sender.deadline is None:
        return False
    need_s = SLACK * left / rate(sender, requests, one) + one.batch.cancel_s
    return datetime.now(UTC) + timedelta(seconds=need_s) >= sender.deadline


def _all_stuck(session: BatchSession) -> bool:
    """Whether only batches are out whose files do not come whole: no wait helps them."""
    out = {batch.key for batch in (*session.out, *session.others())}
    return bool(out) and not session.waiting and out <= session.stuck.keys()


def _leave(session: BatchSession, how: type[InBatches] = InBatches) -> NoReturn:
    said, out = list[str](), [batch for batch in session.out if batch.key not in session.stuck]
    rows = sum(batch.requests for batch in out)
    more = f", {session.waiting:,} more wait for capacity" if session.waiting else ""
    if out or session.waiting:
        said.append(f"{session.host.left(rows, [batch.name for batch in out])}{more}.")
    said += [f"{sentence}." for sentence in waited_for(session.store, session.others())]
    said += [f"{sentence}." for sentence in session.stuck.values()]
    if len(said) > len(session.stuck):
        again = "Run the same distill command later" if session.host.by_file else "Run the same command later"
        said.append(f"{again} to collect them and go on, or add --wait.")
    goes_on = "" if session.host.by_file else "; they go on at the host"
    stopped = f"Stopped waiting{goes_on}. " if how is StoppedWaiting else ""
    raise how(f"{stopped}{' '.join(said)} `distill status` shows each batch.")


def _unanswered(sender: Sender, requests: Sequence[Request]) -> list[Request]:
    held: set[str] = set()
    ids = [request.id for request in requests]
    for start in range(0, len(ids), _AT_ONCE):
        held |= sender.store.held(ids[start : start + _AT_ONCE])
    return [request for request, name in zip(requests, ids, strict=True) if name not in held]


def rate(sender: Sender, requests: Sequence[Request], one: Model) -> float:
    """Live answers a second, by the answers so far; one that takes a second each where none was timed."""
    seen = [answer for request in requests[:PILOT] if (answer := sender.store.get(request.id))]
    most, (requests_a_minute, tokens_a_minute) = one.in_flight, sender.rates(one)
    allowed = live_rate(seen, in_flight=most, requests_per_minute=requests_a_minute, tokens_per_minute=tokens_a_minute)
    return allowed if any(answer.latency_s > 0 for answer in seen) else min(allowed, most)
