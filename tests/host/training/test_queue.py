"""Jobs in turn, in real processes on a tiny llama."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from chats import write_rows
from job_forks import JobForks

from distill.host.home import Home
from distill.host.state import files, jobs, models
from distill.host.state.database import Database
from distill.host.state.jobs import Job
from distill.host.training import order, work
from distill.host.training.order import Order
from distill.host.training.progress import ProgressWriter
from distill.host.training.queue import TrainingQueue


def made(db: Database, home: Home, base: Path, name: str, **asked: Any) -> None:
    wanted = {"n_epochs": 1, "batch_size": 4, "learning_rate_multiplier": 1.0, **asked}
    rows = write_rows(home.folder / f"{name}.given", 16)
    order.make(home.job(name), Order(str(base), str(home.bases), "supervised", wanted, 1), {"train": rows})
    work.check(home.job(name), ProgressWriter(home.job(name)))  # what it says is taken in by the queue
    jobs.add(db, Job(name, time.time(), "queued", "tiny", "tiny", f"ft:tiny:distill::{name}", "file-1", wanted))


@asynccontextmanager
async def working(db: Database, home: Home, forks: JobForks) -> AsyncIterator[TrainingQueue]:
    queue = TrainingQueue(db, home, forks.start)
    queue.start()
    try:
        yield queue
    finally:
        await queue.close()


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(300):
        while not true():  # noqa: ASYNC110 - what is waited for stands in a database
            await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_jobs_train_in_turn_and_a_paused_or_interrupted_one_goes_on(
    tiny_base: Path, job_forks: JobForks, tmp_path: Path
) -> None:
    """The first is paused, resumed, and outlives its server; the second waits for it until it is cancelled."""
    home = Home(tmp_path)
    db = Database(home.database, (jobs.SCHEMA, models.SCHEMA, files.SCHEMA))
    made(db, home, tiny_base, "long", n_epochs=50, batch_size=1)
    made(db, home, tiny_base, "short")

    def state(name: str) -> str:
        found = jobs.get(db, name)
        return found.status if found else ""

    def steps() -> list[int]:
        found = jobs.events(db, "long", limit=10_000) or []
        return [event.data["step"] for event in reversed(found) if event.type == "metrics"]

    def told(text: str) -> int:
        return sum(text in event.message for event in jobs.events(db, "long", limit=10_000) or [])

    async with working(db, home, job_forks) as queue:
        await until(lambda: len(steps()) > 3)
        assert state("long") == "running"
        assert state("short") == "queued"
        jobs.change(db, "long", status="paused")
        await until(lambda: state("short") == "running")
        paused = len(steps())
        jobs.change(db, "long", status="queued")
        queue.wake()
        await until(lambda: state("short") == "succeeded" and len(steps()) > paused)
    closed = len(steps())
    assert state("long") == "running"
    async with working(db, home, job_forks) as queue:
        await until(lambda: len(steps()) > closed)
        assert told("goes on from its last checkpoint") == 1
        jobs.change(db, "long", status="cancelled")
        await until(lambda: not (home.job("long") / "tune").exists())
    found = steps()
    assert found == list(range(1, len(found) + 1))  # none was trained twice
    assert [model.name for model in models.every(db) if model.job_id == "short"] == [
        "ft:tiny:distill::short:ckpt-step-4",
        "ft:tiny:distill::short",
    ]
    db.close()
