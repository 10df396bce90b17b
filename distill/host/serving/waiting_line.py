"""Who computes next: questions in the order in which they came, so many at a time, and a line that does not grow without end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from distill.protocol.error import ApiError

LONGEST = 256
"""Questions that may wait for one base."""


@dataclass(slots=True)
class WaitingLine:
    """`slots` are answered at a time; the others wait, first come, first served."""

    slots: int
    longest: int = LONGEST
    waiting: int = 0
    _free: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.slots)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn; ApiError 503 at once where too many wait already."""
        if self.waiting >= self.longest:
            raise overloaded(self.waiting)
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._free.release()


def overloaded(waiting: int) -> ApiError:
    """The refusal of a question that would have to wait too long."""
    return ApiError(
        f"The model is overloaded: {waiting} requests wait already. Try again later, or send fewer at a time.",
        status=503, code="overloaded",
    )  # fmt: skip
