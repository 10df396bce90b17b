"""Runs of a task that makes new seeds, and what came of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from distill.money import Budget
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.records import Request
from distill.task.task import Task
from distill.teacher import runner
from distill.teacher.endpoint.scripted import Scripted, ScriptedReply
from distill.teacher.pace import Pace
from distill.teacher.progress import Silent
from distill.teacher.runner import WorkerContext
from distill.teacher.store.store import Store

STAGES = ("generate", "curate", "export")


def made(task: Path, expand: str, *sets: str, env: dict[str, str] | None = None) -> Task:
    return open_task(task, overrides=[f"seeds.expand={expand}", *sets], env=env or {})


def run(task: Task, **how: Any) -> Run:
    return running.start(task, stages=how.pop("stages", STAGES), watch=Silent(), **how)


def read(result: Run, name: str) -> pl.DataFrame:
    return pl.read_parquet(result.folder / name)


def funnel(result: Run) -> dict[str, dict[str, Any]]:
    rows = json.loads((result.folder / "funnel.json").read_bytes())["funnel"]
    return {row["stage"]: row for row in rows}


async def put(store: Store, requests: list[Request], reply: ScriptedReply) -> None:
    """The answers of a teacher of one's own in the store; a run replays them."""
    context = WorkerContext(
        teacher=Scripted(reply), store=store, run="mood/000", spender="put", budget=Budget(), price=None, pace=Pace()
    )
    await runner.run(requests, context, in_flight=4)
