"""The event loop that a run works in: uvloop where it is installed, for it halves what a call costs outside of our code."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_INTERRUPTS: contextvars.ContextVar[list[Callable[[], None]] | None] = contextvars.ContextVar(
    "interrupts", default=None
)
"""What an interrupt calls, of work that another thread waits for."""


def run(work: Coroutine[object, None, T]) -> T:
    """As `asyncio.run`; where this thread has a running loop, as in a notebook, the work is done in a thread of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _in_a_loop(work)
    return _in_a_thread(work)


def finished(work: Callable[P, Coroutine[object, None, T]]) -> Callable[P, T]:
    """A coroutine function as one that returns when its work is done, by `run`."""

    @functools.wraps(work)
    def function(*given: P.args, **options: P.kwargs) -> T:
        return run(work(*given, **options))

    return function


@contextmanager
def interrupts(call: Callable[[], None]) -> Iterator[None]:
    """Let an interrupt of a thread that waits for this loop be a `call` in it."""
    loop, waiting = asyncio.get_running_loop(), _INTERRUPTS.get()

    def interrupt() -> None:
        loop.call_soon_threadsafe(call)

    if waiting is not None:
        waiting.append(interrupt)
    try:
        yield
    finally:
        if waiting is not None:
            waiting.remove(interrupt)


def _in_a_loop(work: Coroutine[object, None, T]) -> T:
    try:
        import uvloop
    except ImportError:  # no wheel for this system
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _in_a_thread(work: Coroutine[object, None, T]) -> T:
    """The work's result; an interrupt is handed to the work, which ends as it would in the main thread."""
    context, waiting = contextvars.copy_context(), list[Callable[[], None]]()
    context.run(_INTERRUPTS.set, waiting)
    with ThreadPoolExecutor(1, thread_name_prefix="distill") as pool:
        done = pool.submit(context.run, _in_a_loop, work)
        while True:
            try:
                return done.result()
            except KeyboardInterrupt:
                if done.done():
                    raise
                for interrupt in waiting:
                    interrupt()
