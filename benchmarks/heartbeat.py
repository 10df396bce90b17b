"""How long the event loop was ever held up: a task that sleeps a millisecond at a time and notes its longest gap."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass(slots=True)
class Pulse:
    """The longest gap between two beats so far, and the most that the loop's own thread computed in any one gap.

    What the first has and the second has not, the machine did meanwhile: other processes, the disk, the writer's thread.
    """

    longest_ms: float = 0.0
    computed_ms: float = 0.0
    beats: int = 0

    async def beat(self) -> None:
        last, used = time.monotonic(), time.thread_time()
        while True:
            await asyncio.sleep(0.001)
            now, busy = time.monotonic(), time.thread_time()
            self.longest_ms = max(self.longest_ms, (now - last) * 1000)
            self.computed_ms = max(self.computed_ms, (busy - used) * 1000)
            self.beats, last, used = self.beats + 1, now, busy


@contextlib.asynccontextmanager
async def heartbeat() -> AsyncIterator[Pulse]:
    """Beats while the block runs; it must have some, or nothing was measured."""
    pulse = Pulse()
    beating = asyncio.create_task(pulse.beat())
    await asyncio.sleep(0)  # it has begun: a block right away is a gap
    try:
        yield pulse
        await asyncio.sleep(0.002)  # a block at the very end is seen too
    finally:
        beating.cancel()
    assert pulse.beats > 1
