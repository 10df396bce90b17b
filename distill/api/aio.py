"""The functions of `distill.stages` for a loop that is running already: they are awaited, and work in that loop.

run = await distill.aio.run(task)
run = await distill.aio.curate(task)
"""

from __future__ import annotations

from typing import Protocol

from distill.api.stages import EACH
from distill.api.watch import Logged
from distill.pipeline import run as pipeline
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Watcher


class AsyncStageFunction(Protocol):
    """A stage as a coroutine function."""

    async def __call__(
        self, task: Task, *, new: bool = False, partial: bool = False, wait: bool = False, watch: Watcher | None = None
    ) -> Run: ...


async def run(
    task: Task, *, new: bool = False, partial: bool = False, wait: bool = False, watch: Watcher | None = None
) -> Run:
    """All stages in order, as `distill.run`."""
    return await pipeline.work(task, stages=ORDER, watch=watch or Logged(), new=new, partial=partial, wait=wait)


async def refresh(task: Task, *, partial: bool = False, wait: bool = False, watch: Watcher | None = None) -> Run:
    """The next run with the rows and the split of the latest, as `distill.refresh`."""
    return await pipeline.work(task, stages=ORDER, watch=watch or Logged(), refresh=True, partial=partial, wait=wait)


def _stage(name: str) -> AsyncStageFunction:
    async def stage(
        task: Task, *, new: bool = False, partial: bool = False, wait: bool = False, watch: Watcher | None = None
    ) -> Run:
        return await pipeline.work(task, stages=(name,), watch=watch or Logged(), new=new, partial=partial, wait=wait)

    stage.__name__ = stage.__qualname__ = name
    stage.__doc__ = EACH[name]
    return stage


generate = _stage("generate")
curate = _stage("curate")
export = _stage("export")
train = _stage("train")
evaluate = _stage("evaluate")
report = _stage("report")
