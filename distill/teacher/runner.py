"""The runner: many requests to one teacher, each answered at most once and paid for at most once.

In: an iterable of requests (it may be longer than memory). Out: a Tally; the answers are in the store.
A request the store holds is replayed and never sent. For the others a worker holds its permit from before the
intent is committed until after the answer is, so a kill can cost at most the requests in flight. A row that cannot
be answered is left owed. A refused key, a reached budget, a server that was never reached or only asks for patience, and
any fault that is not one row's, stops the sending, lets what is in flight come home, and then raises. `stop` (first Ctrl-C) does the same without raising.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace

from distill.errors import AccessRefused, DistillError, RowsOwed
from distill.money import most_usd
from distill.records import Answer, Ended, Request, Usage
from distill.teacher import retry
from distill.teacher.ceiling import ceiling
from distill.teacher.collector import short_collections
from distill.teacher.pending import Owed
from distill.teacher.progress import Tally
from distill.teacher.worker_context import Desk

__all__ = ["Desk", "run"]

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


async def run(requests: Iterable[Request] | Owed, desk: Desk, *, in_flight: int) -> Tally:
    """Answer every request that is not answered yet; raises the first fatal error after the rest came home."""
    owed = requests if isinstance(requests, Owed) else Owed(requests, desk.store, desk.tally)
    with short_collections():
        workers = [asyncio.create_task(_worker(owed, desk)) for _ in range(in_flight)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
    desk.on_change(desk.tally)
    if desk.fatal is not None:
        raise desk.fatal
    return desk.tally


async def _worker(owed: Owed, desk: Desk) -> None:
    """One request after another; a fault ends this worker and closes the run, and the others come home first."""
    try:
        while not desk.closing and (request := await owed.next()) is not None:
            desk.tally.in_flight += 1
            try:
                await _until_answered(request, desk)
            finally:
                desk.tally.in_flight -= 1
                owed.done(request)
            desk.on_change(desk.tally)
    except _ENDS:
        raise
    except BaseException as fault:  # noqa: BLE001 - the tokeniser is Rust: its panics are no Exception
        desk.fatal = desk.fatal or fault


async def _until_answered(request: Request, desk: Desk) -> None:
    """Send until the request is answered, given up, or the run is closing."""
    failures = sends = unknown = 0
    while not desk.closing:
        answer = await _ours(request, desk)
        if answer is None:
            return
        sends += 1
        tally = desk.tally
        tally.retried += sends > 1
        if answer.ok:
            tally.answered += 1
            return
        tally.last_error = f"{answer.ended.value}: {answer.error}"
        if answer.ended is Ended.NO_ACCESS:
            raise AccessRefused(
                f"the endpoint refuses this key, quota, model, address or setting ({answer.status}: {answer.error}). Nothing paid for "
                "is lost; fix what it names (the key, teacher.model, teacher.base_url, teacher.sampling) and run again: it goes on from here."
            )
        failures += answer.ended is not Ended.RATE_LIMITED
        unknown += answer.ended.maybe_billed
        if not retry.again(answer, failures, desk.attempts, unknown=unknown, most_unknown=desk.unknown):
            tally.failed += 1
            _look_for_a_cause(answer, sends, tally)
            return
        desk.on_change(tally)
        if answer.ended is not Ended.RATE_LIMITED:  # those wait in `pace`, all together
            await _sleep(retry.delay_s(answer, failures, desk.rng), desk)


def _look_for_a_cause(answer: Answer, sends: int, tally: Tally) -> None:
    """Raise where a row was given up and nothing was ever answered: then it is not the rows."""
    if tally.answered:
        return
    if answer.ended in _NO_USE and tally.failed >= _ALL_REFUSED:
        raise RowsOwed(
            f"the endpoint {_NO_USE[answer.ended]} the first {tally.failed} rows ({answer.status}: {answer.error}). Most likely a "
            "setting of the spec is wrong for this model; `distill explain` shows the request. Nothing is lost."
        )
    if answer.ended is Ended.CONNECTION:
        raise RowsOwed(
            f"the endpoint cannot be reached ({answer.error}); after {sends} sends of one row and no answer to any, "
            "the run stops. Start the server or fix teacher.base_url and run again: nothing is lost."
        )


async def _ours(request: Request, desk: Desk) -> Answer | None:
    """One attempt, unless another process has the answer or comes to it; None also where the run is closing."""
    free = not desk.store.owner.others or await _free(request, desk)
    while free:
        try:
            return await _attempt(request, desk)
        except Claimed:  # between our look and our intent
            free = await _free(request, desk)
    return None


async def _attempt(request: Request, desk: Desk) -> Answer | None:
    """One send: wait for a turn, reserve, commit the intent, send, commit the end, settle. None: the run is closing."""
    long = sum(len(str(turn.get("content"))) for turn in request.turns) > _LONG
    most = await asyncio.to_thread(ceiling, request) if long else ceiling(request)
    if desk.careful:
        async with desk.probe:
            if desk.careful:
                return await _paced(request, desk, most)
    return await _paced(request, desk, most)


async def _paced(request: Request, desk: Desk, most: Usage) -> Answer | None:
    turn = await desk.pace.turn(desk.counts.guess(most), lambda: desk.closing)
    if turn is None:
        return None
    answer = None
    try:
        answer = await _send(request, desk, most)
    finally:
        used = answer.usage.prompt_tokens + answer.usage.completion_tokens if answer else 0
        limited = answer is not None and answer.ended is Ended.RATE_LIMITED
        wait_s = retry.delay_s(answer, 1, desk.rng) if answer is not None and limited else 0.0
        try:
            desk.pace.done(turn, tokens=used, limited=limited, wait_s=wait_s, headers=answer.limits if answer else None)
        except Exception as fault:  # noqa: BLE001 - what a header says is the endpoint's to choose, and no fault of the run
            desk.tally.last_error = f"its rate limit headers cannot be read: {type(fault).__name__}"
    return answer


async def _send(request: Request, desk: Desk, most: Usage) -> Answer | None:
    booked = desk.counts.theirs(most)
    reserved = most_usd(desk.price, booked) if desk.price else 0.0
    if not await desk.budget.reserve_in_turn(reserved, caution=desk.counts.caution, closing=lambda: desk.closing):
        return None
    cost = 0.0
    try:
        attempt = await desk.store.intend(
            request, run=desk.run, spender=desk.spender, reserved_usd=reserved, priced=desk.price is not None
        )
        if not attempt:
            raise Claimed
        desk.tally.sends += 1
        cost = reserved  # from here on the money may be gone, whatever happens to us
        answer = await _answer(request, desk)
        if answer.ended.maybe_billed and not answer.counted:  # booked at its ceiling, as an estimate
            answer = replace(answer, usage=booked, usd=reserved)
        answer = await _settle(attempt, request, answer, desk, replace(answer, usage=booked, usd=reserved))
        cost = answer.usd
    finally:
        desk.budget.settle(reserved, cost)
    desk.heard(answer, request, most)
    desk.tally.prompt_tokens += answer.usage.prompt_tokens
    desk.tally.completion_tokens += answer.usage.completion_tokens
    desk.tally.usd += answer.usd
    return answer


async def _answer(request: Request, desk: Desk) -> Answer:
    """What came back. A fault of ours over one reply is that row's, which was sent and may be billed."""
    try:
        return await desk.teacher.answer(request)
    except _ENDS:
        raise
    except BaseException as fault:  # noqa: BLE001 - the tokeniser is Rust: its panics are no Exception
        return Answer(request.id, Ended.MALFORMED, error=f"its reply could not be read: {_named(fault)}", status=200)


async def _settle(attempt: int, request: Request, answer: Answer, desk: Desk, worst: Answer) -> Answer:
    """Commit how an attempt ended; a reply that the store cannot hold is its row's failure, booked as the worst."""
    try:
        await desk.store.settle(attempt, request, answer)
    except DistillError:  # the disk: nothing more can be kept
        raise
    except Exception as fault:  # noqa: BLE001 - whatever a reply can hold
        error = f"its reply could not be kept: {_named(fault)}"
        answer = Answer(request.id, Ended.MALFORMED, error=error, status=worst.status, usage=worst.usage, usd=worst.usd)
        await desk.store.settle(attempt, request, answer)
    return answer


def _named(fault: BaseException) -> str:
    return f"{type(fault).__name__}: {fault}"[:400]


async def _free(request: Request, desk: Desk) -> bool:
    """Whether this request is ours to send. While another process asks it, its answer is waited for and taken from the store."""
    since = time.monotonic()
    while not desk.closing:
        if desk.store.held([request.id]):
            desk.tally.replayed += 1
            return False
        if await desk.store.free(request.id):
            return True
        if time.monotonic() - since > desk.patience_s:
            desk.tally.failed += 1
            desk.tally.last_error = "another process is asking this, and came to no answer in time"
            return False
        await asyncio.sleep(_ELSEWHERE_S)
    return False


async def _sleep(seconds: float, desk: Desk) -> None:
    """Sleep, or wake soon after the run begins to close."""
    until = time.monotonic() + seconds
    left = seconds
    while left > 0 and not desk.closing:
        await asyncio.sleep(min(left, 0.25))
        left = until - time.monotonic()
