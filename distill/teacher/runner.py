"""The runner: many requests to one teacher, each answered at most once and paid for at most once.

In: an iterable of requests (it may be longer than memory). Out: a Tally; the answers are in the store.
A request the store holds is replayed and never sent. For the others a worker holds its permit from before the
intent is committed until after the answer is, so a kill can cost at most the requests in flight. A row that cannot
be answered is left owed; a refused key, a reached budget or a server that was never reached stops the sending, lets what is in flight come home,
and then raises. `stop` (first Ctrl-C) does the same without raising.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from distill import tokens
from distill.errors import AccessRefused, DistillError, RowsOwed
from distill.money import Budget, Price
from distill.records import Answer, Ended, Request, Usage
from distill.teacher import Teacher, retry
from distill.teacher.limits import Pace
from distill.teacher.store import Store


@dataclass(slots=True)
class Tally:
    """What a run of requests came to so far. asked = replayed + answered + failed + still open."""

    total: int | None = None
    replayed: int = 0
    answered: int = 0
    failed: int = 0
    sends: int = 0
    retried: int = 0
    in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0
    started: float = field(default_factory=time.monotonic)
    last_error: str = ""

    @property
    def done(self) -> int:
        return self.replayed + self.answered + self.failed


@dataclass(slots=True, kw_only=True)
class Desk:
    """What all workers of one run share."""

    teacher: Teacher
    store: Store
    run: str
    spender: str
    budget: Budget
    price: Price | None
    pace: Pace
    attempts: int = 6
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    on_change: Callable[[Tally], None] = lambda _tally: None
    tally: Tally = field(default_factory=Tally)
    fatal: DistillError | None = None
    rng: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - jitter is no secret

    @property
    def closing(self) -> bool:
        return self.stop.is_set() or self.fatal is not None


async def run(requests: Iterable[Request], desk: Desk, *, in_flight: int) -> Tally:
    """Answer every request that is not answered yet; raises the first fatal error after the rest came home."""
    source = iter(requests)
    workers = [asyncio.create_task(_worker(source, desk)) for _ in range(in_flight)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    if desk.fatal is not None:
        raise desk.fatal
    return desk.tally


async def _worker(source: Iterator[Request], desk: Desk) -> None:
    for request in source:
        if desk.closing:
            return
        if desk.store.get(request.id) is not None:
            desk.tally.replayed += 1
            if desk.tally.replayed % 64 == 0:  # a long replay must not starve the loop
                await asyncio.sleep(0)
        else:
            desk.tally.in_flight += 1
            try:
                await _until_answered(request, desk)
            except DistillError as fault:
                desk.fatal = desk.fatal or fault
            finally:
                desk.tally.in_flight -= 1
        desk.on_change(desk.tally)


async def _until_answered(request: Request, desk: Desk) -> None:
    """Send until the request is answered, given up, or the run is closing."""
    failures = sends = 0
    while not desk.closing:
        answer = await _attempt(request, desk)
        sends += 1
        tally = desk.tally
        tally.retried += sends > 1
        if answer.ok:
            tally.answered += 1
            return
        tally.last_error = f"{answer.ended.value}: {answer.error}"
        if answer.ended is Ended.NO_ACCESS:
            raise AccessRefused(
                f"the endpoint refuses this key, quota, model or address ({answer.status}: {answer.error}). Nothing paid for "
                "is lost; mend the key, the quota, teacher.model or teacher.base_url and run again: it goes on from here."
            )
        failures += answer.ended is not Ended.RATE_LIMITED
        if not retry.again(answer, failures, desk.attempts):
            tally.failed += 1
            if answer.ended is Ended.CONNECTION and tally.answered == 0:
                raise RowsOwed(
                    f"the endpoint cannot be reached ({answer.error}); after {sends} sends of one row and no answer to any, "
                    "the run stops. Start the server or mend teacher.base_url and run again: nothing is lost."
                )
            return
        wait = retry.delay_s(answer, sends, desk.rng)
        if answer.ended is Ended.RATE_LIMITED:
            desk.pace.pause(wait)
        desk.on_change(tally)
        await _sleep(wait, desk.stop)


async def _attempt(request: Request, desk: Desk) -> Answer:
    """One send: reserve, wait for a turn, commit the intent, send, commit the end, settle."""
    most = ceiling(request)
    reserved = desk.price(most) if desk.price else 0.0
    desk.budget.reserve(reserved)
    cost = 0.0
    try:
        entry = await desk.pace.turn(most.prompt_tokens + most.completion_tokens)
        attempt = await desk.store.intend(request, run=desk.run, spender=desk.spender, reserved_usd=reserved)
        desk.tally.sends += 1
        cost = reserved  # from here on the money may be gone, whatever happens to us
        answer = await desk.teacher.answer(request)
        # What may have been billed is booked at its ceiling, as an estimate.
        if answer.ended.maybe_billed:
            answer = replace(answer, usage=most, usd=reserved)
        await desk.store.settle(attempt, request, answer)
        desk.pace.used(entry, answer.usage.prompt_tokens + answer.usage.completion_tokens)
        cost = answer.usd
    finally:
        desk.budget.settle(reserved, cost)
    desk.tally.prompt_tokens += answer.usage.prompt_tokens
    desk.tally.completion_tokens += answer.usage.completion_tokens
    desk.tally.usd += answer.usd
    return answer


def ceiling(request: Request) -> Usage:
    """The most a call can use: its prompt as counted here, and every output token it allows."""
    body = request.body
    most = body.get("max_tokens") or body.get("max_completion_tokens") or 4096
    prompt = tokens.count_messages(body["messages"]) + tokens.count(str(body.get("response_format") or ""))
    return Usage(prompt, int(most), 0, measured=False)


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    """Sleep, or wake at once when the run is told to stop."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
