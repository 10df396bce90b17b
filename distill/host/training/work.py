"""The process of a job: `python -m distill.host.training.work FOLDER check|train`. It needs no server to end well.

It ends by itself when its standard input does, which its server holds: the server died, or closed it to pause the job. A training
stops at its next step, with a checkpoint. Only one process at a time is at work in a folder: another waits, for the one before may
still be writing its checkpoint.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from distill.errors import DistillError, UsageError
from distill.folder_lock import locked
from distill.host.training import hyperparameters, order, rows
from distill.host.training.base import weights_of
from distill.host.training.order import CheckedRows
from distill.host.training.progress import DISK_FULL, DONE, FAILED, STOPPED, ProgressWriter
from distill.teacher.endpoint.stopping import Stopped

_GRACE_S = 120.0
"""What a training gets to come to its next step and write a checkpoint."""
_MOST_WARNINGS = 5


@dataclass(slots=True)
class StopSign:
    """Set when the standard input ends. `training`: there are steps to lose, so the process is left to end by itself."""

    set: threading.Event = field(default_factory=threading.Event)
    training: bool = False

    def watch(self) -> None:
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        while os.read(0, 4096):  # nothing is ever written; it blocks until the other end is gone
            pass
        self.set.set()
        if self.training:
            time.sleep(_GRACE_S)
        os._exit(STOPPED)

    def stops(self) -> bool:
        """Whether to stop; asked by each step."""
        self.training = True
        return self.set.is_set()


def main(folder: Path, phase: str) -> int:
    """Work in a job's folder; returns the exit code."""
    sign, say = StopSign(), ProgressWriter(folder)
    sign.watch()
    try:
        with _alone(folder):
            say.begin()
            try:
                check(folder, say) if phase == "check" else train(folder, say, sign)
            except Stopped:
                return STOPPED
            except DistillError as fault:
                say.line(failed=_reason(fault))
                return FAILED
    except OSError as fault:
        if fault.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return DISK_FULL
    return DONE


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder, once nobody else does."""
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(locked(folder, "the job", "wait for it"))
                break
            except UsageError:
                time.sleep(0.2)
        yield


def _reason(fault: DistillError) -> dict[str, str | None]:
    if isinstance(fault, rows.FileFault):
        return {"code": fault.code, "message": str(fault), "param": fault.param}
    if isinstance(fault, UsageError):  # of the base: no weights, no chat template, too little memory
        return {"code": "model_not_trainable", "message": str(fault), "param": "model"}
    return {"code": "training_failed", "message": str(fault), "param": None}


def check(folder: Path, say: ProgressWriter) -> None:
    """Look at the files as the base reads them, write the rows that train, settle what was left to `auto`."""
    from distill.curate.preflight import local_context
    from distill.student.preflight import tokens

    job = order.read(folder)
    weights = weights_of(job.base, Path(job.cache))
    context = local_context(job.base, weights)
    counter = tokens.of_base(weights.folder(weights=False), weights.template, name=job.base, context=context)
    counts = {"train": 0, "valid": 0}
    for part, word in (("train", "training"), ("valid", "validation")):
        if part == "valid" and not job.validates:
            continue
        counts[part], warnings = rows.check(order.given(folder, part), counter, job.method, word)
        rows.write(order.given(folder, part), order.rows(folder, part), job.method)
        for warning in warnings[:_MOST_WARNINGS]:
            say.say(f"The {word} file: {warning}", "warn")
    taken = hyperparameters.taken(job.hyperparameters, rows=counts["train"])
    steps = hyperparameters.steps(counts["train"], taken)
    order.keep_checked(folder, CheckedRows(counts["train"], counts["valid"], context, steps, taken))
    say.line(checked={"rows": counts["train"], "steps": steps, "hyperparameters": taken})


def train(folder: Path, say: ProgressWriter, sign: StopSign) -> None:
    from distill.host.training import tune

    tune.run(tune.Tuning(folder, order.read(folder), order.checked(folder), say, sign.stops))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
