"""A server beside a plan, and a task that it answers at a price."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distill.pipeline.open_task import open_task
from distill.task.task import Task
from distill.testing.fault_server import Script, Server, serve


@contextmanager
def beside(script: Script) -> Iterator[Server]:
    """The server in a thread of its own, since a plan has a loop of its own."""
    ready, found, over = threading.Event(), [], asyncio.Event()

    async def work() -> None:
        async with serve(script) as server:
            found.extend([server, asyncio.get_running_loop()])
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    ready.wait(10)
    try:
        yield found[0]
    finally:
        found[1].call_soon_threadsafe(over.set)
        thread.join(10)


def priced(task: Path, server: Server, *more: str) -> Task:
    sets = ["teacher.model=m", "teacher.price={input: 1, output: 1}", "gates=[schema, finish_reason]", *more]
    return open_task(task, overrides=sets, env={"OPENAI_BASE_URL": server.base_url})
