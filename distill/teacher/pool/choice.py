"""Which endpoint the next call goes to: a pure function of what is known at the moment.

Least calls in flight first; of equals the one that was sent least. One that is left out gets a single call once it may be
tried again: a slow one only where the call would have to wait otherwise, so that no last row waits for it. Where none is living, a
slow one is better than none, and where none is even slow, all are asked: as if nothing were known, since waiting for one of them
would be no better.
"""

from __future__ import annotations

from collections.abc import Sequence

from distill.teacher.pool.circuit import Health
from distill.teacher.pool.member import Member


def choose(members: Sequence[Member], tokens: int, now: float, last: Member | None = None) -> Member | None:
    """The endpoint that a call of about `tokens` goes to now, None where it has to wait; `last`, where the same row has just
    failed, only if no other is free.
    """
    free = [one for one in asked(members, now) if one.pace.free(tokens)]
    return min(
        free, key=lambda one: (one is last, one.circuit.health is Health.SLOW, one.in_flight, one.sends), default=None
    )


def asked(members: Sequence[Member], now: float) -> list[Member]:
    """The endpoints that are asked at the moment, whether they have room or not."""
    living = [one for one in members if one.circuit.living]
    slow = [one for one in members if one.circuit.health is Health.SLOW]
    best = living or slow
    if not best:
        return list(members)
    return best + [one for one in members if one not in best and one.circuit.due(now) and not one.in_flight]
