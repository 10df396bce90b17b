"""The stages of a run as functions, for a script or a notebook: those of `distill.aio`, which says what each takes.

    task = distill.open_task("prompts/support-triage")
    run = distill.run(task)              all stages
    run = distill.stages.curate(task)    one of them; those before it must have been done
    exam = distill.stages.exam(task)     the teacher on rows with a known answer, before any of them

Where a loop is running already, as in a notebook, the work is done in a thread of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from distill.api import aio
from distill.pipeline import arguments
from distill.pipeline import open_task as opening
from distill.task.event_loop import finished
from distill.task.task import Task


def open_task(
    path: str | Path, *, overrides: Mapping[str, object] | Sequence[str] = (), env: Mapping[str, str] | None = None
) -> Task:
    """The checked task of a spec, its folder, or a task's name; SpecError with every fault. Nothing is sent.

        distill.open_task("prompts/support-triage", overrides={"dataset.accept": 40})

    `overrides` are settings as `--set` takes them, by name or as "dataset.accept=40". Keys are read from `env`, else from the
    process's environment.
    """
    if isinstance(overrides, Mapping):
        overrides = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in overrides.items()]
    return opening.open_task(
        arguments.spec_of(Path(path)), overrides=list(overrides), env=os.environ if env is None else env
    )


run, refresh, plan_refresh = finished(aio.run), finished(aio.refresh), finished(aio.plan_refresh)
generate, curate, export = finished(aio.generate), finished(aio.curate), finished(aio.export)
train, evaluate, report = finished(aio.train), finished(aio.evaluate), finished(aio.report)
exam = finished(aio.exam)
