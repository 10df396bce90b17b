"""The runner: many requests to one teacher, each answered at most once and paid for at most once.

In: an iterable of requests (it may be longer than memory). Out: its Progress; the answers are in the store.
A request the store holds is replayed and never sent. For the others a worker holds its permit from before the
intent is committed until after the answer is, so a kill can cost at most the requests in flight. A row that cannot
be answered is left pending. Of several endpoints each send takes one (distill.teacher.pool), and a row that failed at one goes on
at another. A refused key, a reached budget, a server that was never reached or only asks for patience, and any fault that is not
one row's, stops the sending, lets what is in flight end, and then raises. `stop` (first Ctrl-C) does the same without raising.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace

from distill.errors import AccessRefused, DistillError, RowsOwed
from distill.memory import short_collections
from distill.money import most_usd
from distill.records import Answer, Ended, Request, Usage
from distill.teacher import retry
from distill.teacher.pending import Pending
from distill.teacher.pool.pool import Pool, Turn
from distill.teacher.pool.row import UNSENT, Row
from distill.teacher.progress import Progress
from distill.teacher.requests import ceiling
from distill.teacher.worker_context import WorkerContext

__all__ = ["WorkerContext", "run"]

_LONG = 200_000
"""Characters of a conversation that are counted in a thread: a megabyte of words takes the tokeniser 35 ms, one of blanks more."""
_ALL_REFUSED = 20
"""So many rows refused and none answered: it is not the rows."""
_NO_USE = {Ended.REFUSED: "refused each of", Ended.MALFORMED: "gave no whole answer to"}
_ELSEWHERE_S = 0.1
"""Between two looks for an answer that another process is waiting for."""
_ENDS = (asyncio.CancelledError, KeyboardInterrupt, SystemExit)
"""What ends a task from outside, and is nobody's fault."""


class Claimed(Exception):
    """Another process asks this just now, or has its answer: nothing was sent."""


async def run(requests: Iterable[Request] | Pending, context: WorkerContext, *, in_flight: int) -> Progress:
    """Answer every request that is not answered yet; raises the first fatal error after the rest came home."""
    pending = requests if isinstance(requests, Pending) else Pending(requests, context.store, context.progress)
    with short_collections():
        workers = [asyncio.create_task(_worker(pending, context)) for _ in range(in_flight)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
    context.on_change(context.progress)
    if context.fatal is not None:
        raise context.fatal
    return context.progress


async def _worker(pending: Pending, context: WorkerContext) -> None:
    """One request after another; a fault ends this worker and closes the run, and the others come home first."""
    try:
        while not context.closing and (request := await pending.next()) is not None:
            context.progress.in_flight += 1
            try:
                await _until_answered(request, context)
            finally:
                context.progress.in_flight -= 1
                pending.done(request)
            context.on_change(context.progress)
    except _ENDS:
        raise
    except BaseException as fault:  # noqa: BLE001 - the tokeniser is Rust: its panics are no Exception
        context.fatal = context.fatal or fault


async def _until_answered(request: Request, context: WorkerContext) -> None:
    """Send until the request is answered, given up, or the run is closing."""
    row, progress = Row(request), context.progress
    while not context.closing:
        answer = await _ours(row, context)
        if answer is None:
            return
        row.sends += 1
        progress.retried += row.sends > 1
        if answer.ok:
            progress.heard()
            return
        progress.last_error = f"{answer.ended.value}: {answer.error}"
        moves = row.moves(answer.ended, context.pool)
        if answer.ended is Ended.NO_ACCESS and not context.pool.elsewhere(row.last):
            raise AccessRefused(_refused(answer, context.pool))
        row.count(answer.ended, free=moves)
        if not (moves and answer.ended in UNSENT) and not retry.again(
            answer, row.failures, context.attempts, unknown=row.unknown, most_unknown=context.unknown
        ):
            progress.failed += 1
            _look_for_a_cause(answer, row.sends, context)
            return
        context.on_change(progress)
        if answer.ended is not Ended.RATE_LIMITED and not moves:  # those wait in `pace`, all together
            await _sleep(retry.delay_s(answer, row.failures, context.rng), context)


def _refused(answer: Answer, pool: Pool) -> str:
    who = "no endpoint is left that takes" if pool.several else "the endpoint refuses"
    return (
        f"{who} this key, quota, model, address or setting ({answer.status}: {answer.error}). Nothing paid for is lost; fix what it "
        "names (the key, teacher.model, teacher.base_url, teacher.sampling) and run again: it goes on from here."
    )


def _look_for_a_cause(answer: Answer, sends: int, context: WorkerContext) -> None:
    """Raise where a row was given up and nothing was ever answered: then it is not the rows."""
    progress = context.progress
    if progress.answered:
        return
    if answer.ended in _NO_USE and progress.failed >= _ALL_REFUSED:
        raise RowsOwed(
            f"the endpoint {_NO_USE[answer.ended]} the first {progress.failed} rows ({answer.status}: {answer.error}). Most likely a "
            "setting of the spec is wrong for this model; `distill explain` shows the request. Nothing is lost."
        )
    if answer.ended is Ended.CONNECTION:
        raise RowsOwed(
            f"{'none of the endpoints can' if context.pool.several else 'the endpoint cannot'} be reached ({answer.error}); after {sends} "
            "sends of one row and no answer to any, the run stops. Start the server or fix teacher.base_url and run again: nothing is lost."
        )


async def _ours(row: Row, context: WorkerContext) -> Answer | None:
    """One attempt, unless another process has the answer or comes to it; None also where the run is closing."""
    free = not context.store.owner.others or await _free(row.request, context)
    while free:
        try:
            return await _attempt(row, context)
        except Claimed:  # between our look and our intent
            free = await _free(row.request, context)
    return None


async def _attempt(row: Row, context: WorkerContext) -> Answer | None:
    """One send: wait for a turn, reserve, commit the intent, send, commit the end, settle. None: the run is closing."""
    request = row.request
    long = sum(len(str(turn.get("content"))) for turn in request.turns) > _LONG
    most = await asyncio.to_thread(ceiling, request) if long else ceiling(request)
    if context.careful:
        async with context.probe:
            if context.careful:
                return await _paced(row, context, most)
    return await _paced(row, context, most)


async def _paced(row: Row, context: WorkerContext, most: Usage) -> Answer | None:
    turn = await context.pool.turn(context.counts.guess(most), lambda: context.closing, row.last)
    if turn is None:
        return None
    row.last, answer = turn.member, None
    try:
        answer = await _send(row.request, context, most, turn)
    finally:
        limited = answer is not None and answer.ended is Ended.RATE_LIMITED
        wait_s = retry.delay_s(answer, 1, context.rng) if answer is not None and limited else 0.0
        try:
            context.pool.done(turn, answer, wait_s=wait_s)
        except Exception as fault:  # noqa: BLE001 - what a header says is the endpoint's to choose, and no fault of the run
            context.progress.last_error = f"its rate limit headers cannot be read: {type(fault).__name__}"
    return answer


async def _send(request: Request, context: WorkerContext, most: Usage, turn: Turn) -> Answer | None:
    booked = context.counts.theirs(most)
    reserved = most_usd(context.price, booked) if context.price else 0.0
    if not await context.budget.reserve_in_turn(
        reserved, caution=context.counts.caution, closing=lambda: context.closing
    ):
        return None
    cost = 0.0
    try:
        attempt = await context.store.intend(
            request, run=context.run, spender=context.spender, reserved_usd=reserved, priced=context.price is not None,
            address=turn.member.url,
        )  # fmt: skip
        if not attempt:
            raise Claimed
        context.progress.sends += 1
        cost = reserved  # from here on the money may be gone, whatever happens to us
        answer = await _answer(request, context, turn)
        if answer.ended.maybe_billed and not answer.counted:  # booked at its ceiling, as an estimate
            answer = replace(answer, usage=booked, usd=reserved)
        answer = await _settle(attempt, request, answer, context, replace(answer, usage=booked, usd=reserved))
        cost = answer.usd
    finally:
        context.budget.settle(reserved, cost)
    context.heard(answer, request, most)
    context.progress.prompt_tokens += answer.usage.prompt_tokens
    context.progress.completion_tokens += answer.usage.completion_tokens
    context.progress.usd += answer.usd
    if context.pool.fault is not None:
        raise context.pool.fault
    return answer


async def _answer(request: Request, context: WorkerContext, turn: Turn) -> Answer:
    """What came back. A fault of ours over one reply is that row's, which was sent and may be billed."""
    try:
        return await context.pool.ask(turn, request)
    except _ENDS:
        raise
    except BaseException as fault:  # noqa: BLE001 - the tokeniser is Rust: its panics are no Exception
        return Answer(request.id, Ended.MALFORMED, error=f"its reply could not be read: {_named(fault)}", status=200)


async def _settle(attempt: int, request: Request, answer: Answer, context: WorkerContext, worst: Answer) -> Answer:
    """Commit how an attempt ended; a reply that the store cannot hold is its row's failure, booked as the worst."""
    try:
        await context.store.settle(attempt, request, answer)
    except DistillError:  # the disk: nothing more can be kept
        raise
    except Exception as fault:  # noqa: BLE001 - whatever a reply can hold
        error = f"its reply could not be kept: {_named(fault)}"
        answer = Answer(request.id, Ended.MALFORMED, error=error, status=worst.status, usage=worst.usage, usd=worst.usd)
        await context.store.settle(attempt, request, answer)
    return answer


def _named(fault: BaseException) -> str:
    return f"{type(fault).__name__}: {fault}"[:400]


async def _free(request: Request, context: WorkerContext) -> bool:
    """Whether this request is ours to send. While another process asks it, its answer is waited for and taken from the store."""
    since = time.monotonic()
    while not context.closing:
        if context.store.held([request.id]):
            context.progress.replayed += 1
            return False
        if await context.store.free(request.id):
            return True
        if time.monotonic() - since > context.patience_s:
            context.progress.failed += 1
            context.progress.last_error = "another process is asking this, and came to no answer in time"
            return False
        await asyncio.sleep(_ELSEWHERE_S)
    return False


async def _sleep(seconds: float, context: WorkerContext) -> None:
    """Sleep, or wake soon after the run begins to close."""
    until = time.monotonic() + seconds
    left = seconds
    while left > 0 and not context.closing:
        await asyncio.sleep(min(left, 0.25))
        left = until - time.monotonic()
