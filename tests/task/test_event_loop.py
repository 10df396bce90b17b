"""A coroutine done to its end, wherever the call stands."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from distill.task import event_loop

NAME: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="")


async def where() -> tuple[int, str]:
    await asyncio.sleep(0)
    return threading.get_ident(), NAME.get()


def test_loop_runs_in_the_callers_thread() -> None:
    assert event_loop.run(where())[0] == threading.get_ident()


async def test_running_loop_gets_a_thread_of_its_own() -> None:
    """With the caller's context variables."""
    NAME.set("mine")
    thread, name = event_loop.run(where())
    assert thread != threading.get_ident()
    assert name == "mine"


async def test_fault_comes_out_of_the_thread() -> None:
    async def failing() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        event_loop.run(failing())


async def test_interrupts_are_handed_on_only_meanwhile() -> None:
    """Whoever waits in no other thread has nobody to hand them to."""
    with event_loop.interrupts(lambda: None):
        pass
    assert event_loop._INTERRUPTS.get() is None
