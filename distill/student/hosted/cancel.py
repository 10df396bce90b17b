"""`distill train --cancel`: the latest run's job is cancelled at its host, and what it cost settled."""

from __future__ import annotations

from distill.errors import UsageError
from distill.rundir import latest
from distill.student.hosted import stage as hosted
from distill.student.hosts.host import RemoteJob
from distill.task import event_loop, stores
from distill.task.task import Task


async def cancelled(task: Task) -> RemoteJob | None:
    """The job as its host shows it afterwards; None where the run has made none. The run may be waiting for it meanwhile.

    Raises UsageError where the student is not tuned on a host, `TuneError` and `AccessRefused` in the host's words.
    """
    if task.spec.student.train.with_ != "hosted":
        raise UsageError(
            f"--cancel is for a job at a host, and student.train.with is {task.spec.student.train.with_!r}; Ctrl-C stops a "
            "training on this machine"
        )
    folder = latest(task.home, task.spec.task)
    if folder is None:
        return None
    with stores.opened(task.home) as store:
        return await hosted.cancel(task, folder, store)


cancel = event_loop.finished(cancelled)
"""The same from a thread whose loop, if it has one, goes on."""
