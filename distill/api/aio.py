"""The stages of a run as functions to be awaited, in the loop that is running; `distill.stages` has the same for scripts.

    run = await distill.aio.run(task)
    run = await distill.aio.curate(task)

Each takes `new` (start the next numbered run), `partial` (continue without rows that have no answer), `wait` (until batch jobs
end), `anyway` (go on where the teacher's exam or the dataset's preflight would stop) and `watch` (what receives the progress; by default the log `distill`,
at level INFO), and returns a `distill.Run`; an `exam` is no part of a run and returns a `distill.Exam`. What stops a command
raises its `distill.errors.DistillError`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from distill.errors import UsageError
from distill.exam.result import Exam
from distill.pipeline.result import Run
from distill.pipeline.run import work
from distill.plan.exams import exams
from distill.plan.refresh.probe import probe
from distill.plan.refresh.result import RefreshPlan
from distill.task.requirements import need_price
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Progress, StageTime, Watcher

_LOG = logging.getLogger("distill")
EACH = {
    "generate": "Ask the teacher for missing answers. → seeds.parquet, asked.parquet",
    "curate": "Turn the answers into a dataset, without a request. → samples.parquet, dropped.parquet, funnel.json",
    "export": "Write the dataset's files. → train.jsonl, valid.jsonl, test.jsonl, dataset.parquet, CARD.md",
    "train": "Fine-tune the student, here or on a host. → student/",
    "evaluate": "Compare the student with its teacher on the test rows. → scores.parquet, comparison.json",
    "report": "Write the report. → report.html, REPORT.md",
}
"""Stage → what it does, and the files of the run that it writes."""


class Logged:
    """Writes the beginning of each stage and every line worth keeping to the log; progress is not logged."""

    def ahead(self, stages: Sequence[StageTime]) -> None: ...

    def stage(self, name: str, note: str = "") -> None:
        _LOG.info("%s%s", name, f" ({note})" if note else "")

    def skipped(self, name: str) -> None:
        _LOG.info("%s: unchanged, skipped", name)

    def progress(self, spender: str, progress: Progress) -> None: ...

    def training(
        self,
        *,
        step: int,
        steps: int,
        train_loss: float | None,
        valid_loss: float | None,
        left_s: float | None = None,  # noqa: ARG002  # the panel shows it
    ) -> None:
        _LOG.info("train: step %s of %s, loss %s, on the validation rows %s", step, steps, train_loss, valid_loss)

    def say(self, text: str) -> None:
        _LOG.info("%s", text.strip())


class StageFunction(Protocol):
    """A stage as a coroutine function."""

    async def __call__(
        self, task: Task, *, new: bool = False, partial: bool = False, wait: bool = False, anyway: bool = False,
        watch: Watcher | None = None,
    ) -> Run: ...  # fmt: skip


async def run(
    task: Task, *, new: bool = False, partial: bool = False, wait: bool = False, anyway: bool = False,
    watch: Watcher | None = None,
) -> Run:  # fmt: skip
    """All stages in order; those whose inputs did not change are skipped.

    run = distill.run(task)
    run.dataset.head(), run.verdict
    """
    return await work(task, stages=ORDER, watch=watch or Logged(), new=new, partial=partial, wait=wait, anyway=anyway)


async def refresh(
    task: Task, *, plan: RefreshPlan | None = None, partial: bool = False, wait: bool = False, anyway: bool = False,
    watch: Watcher | None = None,
) -> Run:  # fmt: skip
    """The next run, with the rows and the split of the latest: only missing requests are sent, and both students compared.

        task = distill.open_task("triage", overrides={"teacher.model": "newer"})
        distill.refresh(task, plan=distill.plan_refresh(task))

    With a `plan` only the strata that it chose are asked anew, and the other rows keep their answers; without, all rows are asked.
    """
    chosen = plan.relabel if plan is not None else None
    return await work(
        task, stages=ORDER, watch=watch or Logged(), refresh=chosen or True, partial=partial, wait=wait, anyway=anyway
    )


async def plan_refresh(task: Task, *, watch: Watcher | None = None) -> RefreshPlan:
    """What a refresh would change and cost: a sample of the new teacher's answers by stratum, kept in the store.

    plan = distill.plan_refresh(task)
    plan.chosen, plan.cost.usd_at_most
    """
    return await probe(task, watch or Logged())


async def exam(task: Task, *, rows: int | None = None, watch: Watcher | None = None) -> Exam:
    """What the task's teacher gets right on rows with a known answer; a later run pays for none of its answers again.

        distill.stages.exam(task).teacher

    By default as many `rows` as the spec says, else 40. UsageError where no row has a known answer that is no test row.
    """
    if rows is not None and rows < 1:
        raise UsageError(f"rows={rows}: an exam asks at least one row")
    need_price(task)
    (found,) = await exams([task], watch or Logged(), rows=rows)
    return found


def _stage(name: str) -> StageFunction:
    async def stage(
        task: Task, *, new: bool = False, partial: bool = False, wait: bool = False, anyway: bool = False,
        watch: Watcher | None = None,
    ) -> Run:  # fmt: skip
        return await work(
            task, stages=(name,), watch=watch or Logged(), new=new, partial=partial, wait=wait, anyway=anyway
        )

    stage.__name__ = stage.__qualname__ = name
    stage.__doc__ = EACH[name]
    return stage


generate, curate, export, train, evaluate, report = map(_stage, ORDER)
