"""The first Ctrl-C while a host is waited for: the wait ends at once, what is at the host goes on there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from distill.errors import DistillError

T = TypeVar("T")


class Stopped(DistillError):
    """Told to stop while a host was waited for; the same command, run later, goes on."""

    exit_code = 130


async def unless_stopped(stop: asyncio.Event, work: Awaitable[T], *, grace_s: float = 0.0) -> T:
    """What `work` comes to; `Stopped` where `stop` is set before, and `grace_s` seconds later it is still not done."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not task.done() and grace_s:
            await asyncio.wait((task,), timeout=grace_s)
        if task.done():
            return task.result()
        raise Stopped("stopped while the host was asked; run the same command again to go on")
    finally:
        stopped.cancel()
        task.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleep; `Stopped` as soon as `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
    raise Stopped("stopped while the host was waited for; run the same command again to go on")
