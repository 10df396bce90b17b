"""A wait for a host ends when the command is told to stop; what is paid for has some seconds to come home."""

from __future__ import annotations

import asyncio

import pytest

from distill.teacher.endpoint.stopping import Stopped, pause, unless_stopped


async def after(seconds: float, done: list[str]) -> str:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        done.append("broken off")
        raise
    done.append("done")
    return "answer"


async def test_work_that_is_done_gives_its_answer_and_its_fault() -> None:
    async def wrong() -> None:
        raise KeyError("x")

    stop = asyncio.Event()
    assert await unless_stopped(stop, after(0, [])) == "answer"
    with pytest.raises(KeyError):
        await unless_stopped(stop, wrong())


@pytest.mark.parametrize(("lasts_s", "grace_s", "comes"), [(60, 0, False), (60, 0.05, False), (0.1, 20, True)])
async def test_a_stop_ends_the_wait_or_leaves_it_its_grace(lasts_s: float, grace_s: float, *, comes: bool) -> None:
    """Nothing is left running behind it."""
    stop, done = asyncio.Event(), list[str]()
    asyncio.get_running_loop().call_later(0.02, stop.set)
    if comes:
        assert await unless_stopped(stop, after(lasts_s, done), grace_s=grace_s) == "answer"
    else:
        with pytest.raises(Stopped) as stopped:
            await unless_stopped(stop, after(lasts_s, done), grace_s=grace_s)
        assert stopped.value.exit_code == 130
    assert done == ["done" if comes else "broken off"]


async def test_a_pause_is_broken_off_too() -> None:
    stop = asyncio.Event()
    await pause(stop, 0.01)
    stop.set()
    with pytest.raises(Stopped):
        await pause(stop, 1000)
