"""The runner: many requests to one teacher, each answered at most once and paid for at most once.

In: an iterable of requests (it may be longer than memory). Out: a Tally; the answers are in the store.
A request the store holds is replayed and never sent. For the others a worker holds its permit from before the
intent is committed until after the answer is, so a kill can cost at most the requests in flight. A row that cannot
be answered is left owed; a refused key, a reached budget or a server that was never reached stops the sending, lets what is in flight come home,
and then raises. `stop` (first Ctrl-C) does the same without raising.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from distill.errors import AccessRefused, DistillError, RowsOwed
from distill.money import Budget, Price, most_usd
from distill.records import Answer, Ended, Request, Usage
from distill.teacher import Teacher, retry
from distill.teacher.ceiling import ceiling
from distill.teacher.collector import short_collections
from distill.teacher.limits import Pace
from distill.teacher.owed import Owed
from distill.teacher.store import Store
from distill.teacher.tally import Tally

_LONG = 200_000
"""Characters of a conversation that are counted in a thread: a megabyte of words takes the tokeniser 35 ms, one of blanks more."""
_ALL_REFUSED = 20
"""So many rows refused and none answered: it is not the rows."""


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
    unknown: int = 3
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    on_change: Callable[[Tally], None] = lambda _tally: None
    tally: Tally = field(default_factory=Tally)
    fatal: DistillError | None = None
    rng: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - jitter is no secret

    _prompt_ratio: float = field(default=1.0, init=False)
    _most_ratio: float = field(default=1.0, init=False)
    _completion: float = field(default=-1.0, init=False)

    def __post_init__(self) -> None:
        self.tally.pace, self.tally.budget = self.pace, self.budget

    @property
    def closing(self) -> bool:
        return self.stop.is_set() or self.fatal is not None

    def guess(self, most: Usage) -> int:
        """Tokens that a call will likely use: its ceiling at first, then what the others of this run came to."""
        if self._completion < 0:
            return most.prompt_tokens + most.completion_tokens
        return round(most.prompt_tokens * self._prompt_ratio + min(most.completion_tokens, 1.2 * self._completion + 4))

    def theirs(self, most: Usage) -> Usage:
        """A ceiling in the endpoint's own tokens: where it counts more than we do, by the most that this run has seen."""
        return replace(most, prompt_tokens=math.ceil(most.prompt_tokens * self._most_ratio))

    def learn(self, most: Usage, answer: Answer) -> None:
        """The endpoint's own counts beside ours, as moving means; its tokeniser is not ours."""
        if answer.ok and answer.usage.measured and most.prompt_tokens:
            ratio, used = answer.usage.prompt_tokens / most.prompt_tokens, float(answer.usage.completion_tokens)
            self._most_ratio = max(self._most_ratio, ratio)
            first = self._completion < 0
            self._prompt_ratio = ratio if first else 0.95 * self._prompt_ratio + 0.05 * ratio
            self._completion = used if first else 0.95 * self._completion + 0.05 * used


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
    while not desk.closing and (request := await owed.next()) is not None:
        desk.tally.in_flight += 1
        try:
            await _until_answered(request, desk)
        except DistillError as fault:
            desk.fatal = desk.fatal or fault
        finally:
            desk.tally.in_flight -= 1
            owed.done(request)
        desk.on_change(desk.tally)


async def _until_answered(request: Request, desk: Desk) -> None:
    """Send until the request is answered, given up, or the run is closing."""
    failures = sends = unknown = 0
    while not desk.closing:
        answer = await _attempt(request, desk)
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
                "is lost; mend what it names (the key, teacher.model, teacher.base_url, teacher.sampling) and run again: it goes on from here."
            )
        failures += answer.ended is not Ended.RATE_LIMITED
        unknown += answer.ended.maybe_billed
        if not retry.again(answer, failures, desk.attempts, unknown=unknown, most_unknown=desk.unknown):
            tally.failed += 1
            if answer.ended is Ended.REFUSED and tally.answered == 0 and tally.failed >= _ALL_REFUSED:
                raise RowsOwed(
                    f"the endpoint refused each of the first {tally.failed} rows ({answer.status}: {answer.error}). Most likely a "
                    "setting of the spec is wrong for this model; `distill explain` shows the request. Nothing is lost."
                )
            if answer.ended is Ended.CONNECTION and tally.answered == 0:
                raise RowsOwed(
                    f"the endpoint cannot be reached ({answer.error}); after {sends} sends of one row and no answer to any, "
                    "the run stops. Start the server or mend teacher.base_url and run again: nothing is lost."
                )
            return
        desk.on_change(tally)
        if answer.ended is not Ended.RATE_LIMITED:  # those wait in `pace`, all together
            await _sleep(retry.delay_s(answer, failures, desk.rng), desk)


async def _attempt(request: Request, desk: Desk) -> Answer | None:
    """One send: wait for a turn, reserve, commit the intent, send, commit the end, settle. None: the run is closing."""
    long = sum(len(str(turn.get("content"))) for turn in request.turns) > _LONG
    most = await asyncio.to_thread(ceiling, request) if long else ceiling(request)
    turn = await desk.pace.turn(desk.guess(most), lambda: desk.closing)
    if turn is None:
        return None
    answer = None
    try:
        answer = await _send(request, desk, most)
    finally:
        used = answer.usage.prompt_tokens + answer.usage.completion_tokens if answer else 0
        limited = answer is not None and answer.ended is Ended.RATE_LIMITED
        wait_s = retry.delay_s(answer, 1, desk.rng) if answer is not None and limited else 0.0
        desk.pace.done(turn, tokens=used, limited=limited, wait_s=wait_s, headers=answer.limits if answer else None)
    return answer


async def _send(request: Request, desk: Desk, most: Usage) -> Answer:
    booked = desk.theirs(most)
    reserved = most_usd(desk.price, booked) if desk.price else 0.0
    await desk.budget.reserve_in_turn(reserved)
    cost = 0.0
    try:
        attempt = await desk.store.intend(request, run=desk.run, spender=desk.spender, reserved_usd=reserved)
        desk.tally.sends += 1
        cost = reserved  # from here on the money may be gone, whatever happens to us
        answer = await desk.teacher.answer(request)
        if answer.ended.maybe_billed and not answer.counted:  # booked at its ceiling, as an estimate
            answer = replace(answer, usage=booked, usd=reserved)
        await desk.store.settle(attempt, request, answer)
        cost = answer.usd
    finally:
        desk.budget.settle(reserved, cost)
    desk.learn(most, answer)
    desk.tally.prompt_tokens += answer.usage.prompt_tokens
    desk.tally.completion_tokens += answer.usage.completion_tokens
    desk.tally.usd += answer.usd
    return answer


async def _sleep(seconds: float, desk: Desk) -> None:
    """Sleep, or wake soon after the run begins to close."""
    until = time.monotonic() + seconds
    left = seconds
    while left > 0 and not desk.closing:
        await asyncio.sleep(min(left, 0.25))
        left = until - time.monotonic()
