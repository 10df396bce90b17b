"""The stages awaited in the loop that is there, and what they write to the log."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

import distill
from distill.api.aio import Logged
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
    other = distill.open_task(task, overrides={"evaluate.margin": 0.1}, env={})
    assert (await distill.aio.refresh(other)).name == "mood/002"


def test_log_has_stages_and_lines_worth_keeping(caplog: pytest.LogCaptureFixture) -> None:
    watch = Logged()
    with caplog.at_level(logging.INFO, "distill"):
        watch.stage("curate", "again, since dedup.near changed")
        watch.skipped("generate")
        watch.training(step=2, steps=9, train_loss=0.5, valid_loss=None)
        watch.say("  warning: 100 % of rows went")
    assert caplog.messages == [
        "curate (again, since dedup.near changed)",
        "generate: unchanged, skipped",
        "train: step 2 of 9, loss 0.5, on the validation rows None",
        "warning: 100 % of rows went",
    ]
