"""Runs of a task whose answers are judged, and what came of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Silent
from distill.testing.fault_server import Server

PRICE = "price: {input: 1, output: 1}"


ENV = {"OPENAI_API_KEY": "k"}


GATES = "gates=[schema, {length: {min_chars: 17}}, {judge: {at_least: 3}}]"


def models(*servers: Server | str, more: str = "") -> str:
    urls = [one if isinstance(one, str) else one.base_url for one in servers]
    return (
        "judge.models=["
        + ", ".join(f"{{model: j{n}, base_url: '{url}', {PRICE}{more}}}" for n, url in enumerate(urls))
        + "]"
    )


def project_of(task: Path, teacher: Server, *sets: str, home: Path | None = None) -> Task:
    given = ["teacher.model=t", f"teacher.base_url={teacher.base_url}", f"teacher.price={{{PRICE[8:-1]}}}", *sets]
    return open_task(task, overrides=given, env=ENV, home=home)


async def run(task: Task, *stages: str, **how: Any) -> Run:
    return await running.work(task, stages=stages or ORDER[:3], watch=how.pop("watch", Silent()), **how)


def samples_of(result: Run) -> pl.DataFrame:
    return pl.read_parquet(result.folder / "samples.parquet")


def dropped_of(result: Run, reason: str) -> pl.DataFrame:
    return pl.read_parquet(result.folder / "dropped.parquet").filter(pl.col("reason") == reason)
