"""What a person reads when a command that works on a run has ended."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distill.pipeline.result import Run
    from distill.task.task import Task


def ending_lines(done: Run, task: Task, given: Sequence[str], stages: Sequence[str], *, took_s: float) -> list[str]:
    """What a person reads at the end: a screen of a whole run, the funnel of a stage, or some answers of a preview."""
    from distill.cli.live.next_step import next_step
    from distill.cli.live.screen import screen_lines
    from distill.cli.text.run import preview_lines, run_lines
    from distill.starter import example
    from distill.student import checks

    columns = shutil.get_terminal_size().columns
    if task.spec.dataset.preview and "generate" in stages:
        return preview_lines(done, columns, ["run" if len(stages) > 1 else "generate", *given])
    if len(stages) == 1:
        return run_lines(done)
    ours = task.spec.task == "support-triage" and task.path.parent.name == task.spec.task
    first = ours or all(example.is_untouched(task.path.parent / name) for name in task.spec.seeds.paths)
    trained = task.spec.student.train.with_
    closed = trained != "none" or not checks.unlearnable(task.output, task.seeds)
    step = next_step(done, given, example=first, trained=trained, closed=closed)
    return screen_lines(done, step, took_s=took_s, columns=columns)
