"""Several answers at a time: so many in flight as the engine is wide, and none goes on once one has failed or nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TypeVar

Made = TypeVar("Made")
_ENDED = object()


async def gathered(makes: Sequence[Callable[[], Awaitable[Made]]], *, width: int) -> list[Made]:
    """What each makes, in order; the first failure ends the others and is raised."""
    free = asyncio.Semaphore(width)

    async def one(make: Callable[[], Awaitable[Made]]) -> Made:
        async with free:
            return await make()

    tasks = [asyncio.ensure_future(one(make)) for make in makes]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        await _ended(tasks)


async def merged(
    streams: Sequence[AsyncGenerator[Made, None]], *, width: int
) -> AsyncGenerator[tuple[int, Made], None]:
    """(the stream's place, what it yields), as it comes; the first failure ends the others and is raised."""
    told: asyncio.Queue[tuple[int, object]] = asyncio.Queue(maxsize=64)  # a client that reads slowly slows the engine
    free = asyncio.Semaphore(width)

    async def one(place: int, stream: AsyncGenerator[Made, None]) -> None:
        try:
            async with free, aclosing(stream) as parts:
                async for part in parts:
                    await told.put((place, part))
            await told.put((place, _ENDED))
        except Exception as fault:  # noqa: BLE001 - raised again where the stream is read
            await told.put((place, fault))

    tasks = [asyncio.create_task(one(place, stream)) for place, stream in enumerate(streams)]
    left = len(tasks)
    try:
        while left:
            place, part = await told.get()
            if isinstance(part, Exception):
                raise part
            if part is _ENDED:
                left -= 1
            else:
                yield place, part  # type: ignore[misc]  # what is neither a failure nor the end was yielded
    finally:
        await _ended(tasks)


async def _ended(tasks: Sequence[asyncio.Future[Made]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
