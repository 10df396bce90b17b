"""The stages of a run as functions, from a script or a notebook; `distill.aio` has the same to be awaited.

    task = distill.open_task("prompts/support-triage")
    run = distill.run(task)              all stages
    run = distill.stages.curate(task)    one of them; those before it must have been done

Each takes `new` (start the next numbered run), `partial` (continue without rows that have no answer), `wait` (until batch jobs
end) and `watch` (what receives the progress; by default the log `distill`), and returns a `distill.Run`. What stops a command raises
its `distill.errors.DistillError`. Where a loop is running already, as in a notebook, the work is done in a thread of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from distill.api.watch import Logged
from distill.pipeline import arguments
from distill.pipeline import open_task as opening
from distill.pipeline import run as pipeline
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Watcher

EACH = {
    "generate": "Ask the teacher for missing answers. → seeds.parquet, asked.parquet",
    "curate": "Turn the answers into a dataset, without a request. → samples.parquet, dropped.parquet, funnel.json",
    "export": "Write the dataset's files. → train.jsonl, valid.jsonl, test.jsonl, dataset.parquet, CARD.md",
    "train": "Fine-tune the student, here or on a host. → student/",
    "evaluate": "Compare the student with its teacher on the test rows. → scores.parquet, comparison.json",
    "report": "Write the report. → report.html, REPORT.md",
}
"""Stage → what it does, and the files of the run that it writes."""


class StageFunction(Protocol):
    """A stage as a function."""

    def __call__(
        self, task: Task, *, new: bool = False, partial: bool = False, wait: bool = False, watch: Watcher | None = None
    ) -> Run: ...


def open_task(
    path: str | Path, *, overrides: Mapping[str, object] | Sequence[str] = (), env: Mapping[str, str] | None = None
) -> Task:
    """The checked task of a spec, its folder, or a task's name; SpecError with every fault. Nothing is sent.

        distill.open_task("prompts/support-triage", overrides={"dataset.accept": 40})

    `overrides` are settings as `--set` takes them, by name or as "dataset.accept=40". Keys are read from `env`, else from the
    process's environment.
    """
    spelt = (
        [f"{name}={_spelt(value)}" for name, value in overrides.items()]
        if isinstance(overrides, Mapping)
        else overrides
    )
    return opening.open_task(
        arguments.spec_of(Path(path)), overrides=list(spelt), env=os.environ if env is None else env
    )


def run(
    task: Task, *, new: bool = False, partial: bool = False, wait: bool = False, watch: Watcher | None = None
) -> Run:
    """All stages in order; those whose inputs did not change are skipped.

    run = distill.run(task)
    run.dataset.head(), run.verdict
    """
    return pipeline.start(task, stages=ORDER, watch=watch or Logged(), new=new, partial=partial, wait=wait)


def refresh(task: Task, *, partial: bool = False, wait: bool = False, watch: Watcher | None = None) -> Run:
    """The next run, with the rows and the split of the latest: only missing requests are sent, and both students compared.

    distill.refresh(distill.open_task("triage", overrides={"teacher.model": "newer"}))
    """
    return pipeline.start(task, stages=ORDER, watch=watch or Logged(), refresh=True, partial=partial, wait=wait)


def _spelt(value: object) -> str:
    """A value as a spec spells it."""
    return json.dumps(value, ensure_ascii=False)


def _stage(name: str) -> StageFunction:
    def stage(
        task: Task, *, new: bool = False, partial: bool = False, wait: bool = False, watch: Watcher | None = None
    ) -> Run:
        return pipeline.start(task, stages=(name,), watch=watch or Logged(), new=new, partial=partial, wait=wait)

    stage.__name__ = stage.__qualname__ = name
    stage.__doc__ = EACH[name]
    return stage


generate = _stage("generate")
curate = _stage("curate")
export = _stage("export")
train = _stage("train")
evaluate = _stage("evaluate")
report = _stage("report")
