"""The same functions to be awaited, in the loop that is there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import distill
from distill.teacher.progress import Silent


async def test_stages_are_awaited_in_the_callers_loop(task: Path) -> None:
    """Another task of the loop goes on meanwhile."""
    opened, loops = distill.open_task(task, env={}), set[asyncio.AbstractEventLoop]()

    class Seen(Silent):
        def stage(self, *_: str) -> None:
            loops.add(asyncio.get_running_loop())

    made = await distill.aio.generate(opened, watch=Seen())
    curated = await distill.aio.curate(opened, watch=Seen())
    assert (list(made.done), list(curated.done)) == (["generate"], ["curate"])
    assert loops == {asyncio.get_running_loop()}
    run = await distill.aio.run(opened)
    assert (list(run.skipped), run.exit_code) == (["generate", "curate"], 0)
    assert (await distill.aio.refresh(opened)).name == "mood/002"
