"""The endpoints of one teacher, of which every call takes one: `turn` before a send, `ask`, and `done` after it has ended.

One endpoint is a pool too: its pace decides alone, and it is never left out. With several each has its own pace and its own health
(circuit.py); whoever waits is served first come first served, by the endpoint that has room first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from distill.errors import DistillError, UsageError
from distill.records import Answer, Ended, Request
from distill.teacher.pace import Waiting
from distill.teacher.pool.choice import asked, choose
from distill.teacher.pool.circuit import Health
from distill.teacher.pool.member import Member
from distill.teacher.pool.served_names import ServedNames

_SLICE_S = 0.25
"""Longest sleep before looking again: one may be due to be tried, or the run may have been told to stop."""
_SLOWER = 4.0
"""Times slower than it was, by as much more than the others: then an endpoint is left out."""
_AS_BEFORE = 2.0
"""Times what was usual that the answer of one call may take, for a slow endpoint to be asked again."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One permission to send, and where to; `tried`: the endpoint was left out, and this call shows how it is."""

    member: Member
    waiting: Waiting
    tried: bool = False


class Pool:
    """The endpoints, in the spec's order."""

    def __init__(self, members: Sequence[Member], say: Callable[[str], None] = lambda _said: None) -> None:
        if not members:
            raise ValueError("a pool of no endpoint")
        self.members = list(members)
        self.fault: DistillError | None = None
        """What nobody should go on from: the endpoints serve different models."""
        self._say = say
        self._names = ServedNames()
        self._order = asyncio.Lock()
        self._room = asyncio.Event()

    @property
    def several(self) -> bool:
        return len(self.members) > 1

    @property
    def pause_s(self) -> float:
        """Seconds until the first of those that are asked sends again after a rate limit; 0 where one does now."""
        return min(one.pace.pause_s for one in asked(self.members, time.monotonic()))

    def elsewhere(self, member: Member | None) -> bool:
        """Whether another endpoint is there that may answer."""
        return any(one is not member and one.circuit.health in (Health.LIVING, Health.SLOW) for one in self.members)

    async def turn(
        self, tokens: int, closing: Callable[[], bool] = lambda: False, last: Member | None = None
    ) -> Turn | None:
        """Wait until a call of about `tokens` may be sent, by choice not to `last`; None if the run is closing."""
        if not self.several:
            return await self._at(self.members[0], tokens, closing)
        async with self._order:
            while not closing():
                self._room.clear()
                member = choose(self.members, tokens, time.monotonic(), last)
                if member is not None:
                    return await self._at(member, tokens, closing)
                await self._until_room()
        return None

    async def _at(self, member: Member, tokens: int, closing: Callable[[], bool]) -> Turn | None:
        tried = not member.circuit.living
        waiting = await member.pace.turn(tokens, closing)
        if waiting is None:
            return None
        member.sent()
        return Turn(member, waiting, tried)

    async def ask(self, turn: Turn, request: Request) -> Answer:
        """Send once to the endpoint of a turn. An answer of another model than the others' is none, though it is paid for."""
        answer = await turn.member.client.answer(request)
        if not self.several or not answer.ok:
            return answer
        said = self._names.heard(turn.member.url, str(request.body.get("model", "")), answer.model)
        if not said:
            return answer
        self.fault = self.fault or UsageError(
            f"{said}; nothing is lost: fix the list and run again, it goes on from here"
        )
        return replace(answer, ended=Ended.MALFORMED, error=said)

    def done(self, turn: Turn, answer: Answer | None, *, wait_s: float = 0.0) -> None:
        """Give the turn back; without an answer nothing was sent. Raises what a header of the endpoint's cannot be read by."""
        member, in_flight = turn.member, turn.member.in_flight
        if answer is not None:
            member.count(answer)
            if self.several:
                self._judge(turn, answer, in_flight)
        try:
            member.pace.done(
                turn.waiting, tokens=answer.usage.prompt_tokens + answer.usage.completion_tokens if answer else 0,
                limited=answer is not None and answer.ended is Ended.RATE_LIMITED, wait_s=wait_s,
                headers=answer.limits if answer else None,
            )  # fmt: skip
        finally:
            self._room.set()

    def _judge(self, turn: Turn, answer: Answer, in_flight: int) -> None:
        """What an ended call tells of its endpoint."""
        member, circuit, now = turn.member, turn.member.circuit, time.monotonic()
        if not answer.ok:
            if circuit.failed(answer, now, tried=turn.tried):
                self._left_out(member)
            return
        if not circuit.living and not turn.tried:  # it was sent before the endpoint was left out
            return
        if turn.tried and circuit.health is Health.SLOW and not member.latencies.usual(answer.latency_s, _AS_BEFORE):
            circuit.slowed(circuit.why, now, tried=True)
            return
        if circuit.answered():
            member.latencies.forget_recent()
            member.pace.restart()
            self._say(f"  {member.url} answers again")
        member.latencies.add(answer.latency_s, in_flight)
        slower = member.latencies.slowdown or 0.0
        much = slower > _SLOWER * max(1.0, self._slowdown_beside(member))
        if much and circuit.slowed(f"its answers take {slower:.0f} times as long as before", now, tried=False):
            self._left_out(member)

    def _slowdown_beside(self, member: Member) -> float:
        """How much slower the other living endpoints are than they were: the middle one of them."""
        beside = sorted(
            one.latencies.slowdown or 1.0 for one in self.members if one is not member and one.circuit.living
        )
        return beside[len(beside) // 2] if beside else float("inf")

    def _left_out(self, member: Member) -> None:
        circuit = member.circuit
        living = sum(one.circuit.living for one in self.members)
        self._say(
            f"  {member.url} is {circuit.health.value} and left out ({circuit.why}); {living} of {len(self.members)} endpoints go on, "
            "and it is tried again by and by"
        )

    async def _until_room(self) -> None:
        try:
            async with asyncio.timeout(_SLICE_S):
                await self._room.wait()
        except TimeoutError:
            return
