"""Runs of a task that makes new seeds, and what came of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.task.task import Task
from distill.teacher.progress import Silent

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
