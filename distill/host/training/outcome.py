"""What a job's process says becomes the job's state: events, checkpoints, its model, its end. Each line counts once, whatever dies.

The byte up to which lines were read is committed with what they changed. So a line is read after a crash if it was not before, and no line is
read twice.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from distill.host.home import Home
from distill.host.state import files, jobs, models
from distill.host.state.database import Database
from distill.host.state.jobs import Job
from distill.host.training import hyperparameters, order, progress, results_file
from distill.host.training.progress import DISK_FULL, DONE, STOPPED
from distill.protocol.error import ApiError
from distill.records import Json

KEPT = 3
"""Checkpoints of a job that stay, as at the public API: those of its last epochs."""
_TRIES = 2
"""Times that a process may break before its job fails."""
_LOG_BYTES = 4096


def take(db: Database, home: Home, job_id: str) -> bool:
    """Take in what the process has said since the last look; whether there was anything."""
    job = jobs.get(db, job_id)
    if job is None:
        return False
    lines, end = progress.read(home.job(job_id), job.bytes_read)
    if end == job.bytes_read:
        return False
    dropped: list[Path] = []
    with db.transaction():
        for line in lines:
            dropped += _line(db, home, job, line)
        db.write("UPDATE jobs SET bytes_read = ? WHERE id = ?", (end, job_id))
    for folder in dropped:
        shutil.rmtree(folder, ignore_errors=True)
    return True


def _line(db: Database, home: Home, job: Job, line: Mapping[str, Json]) -> list[Path]:
    """One line; returns folders that nobody needs any more."""
    if "said" in line:
        jobs.tell(db, job.id, line["said"], level=line["level"])
    elif "checked" in line:
        _checked(db, job, line["checked"])
    elif "step" in line:
        _step(db, job, line["step"], line.get("left_s"))
    elif "epoch" in line:
        return _epoch(db, home, job, line["epoch"])
    elif "failed" in line:
        fail(db, job.id, **line["failed"])
    elif "done" in line:
        _done(db, home, job, line["done"])
    return []


def _checked(db: Database, job: Job, found: Mapping[str, Json]) -> None:
    taken = found["hyperparameters"]
    jobs.change(db, job.id, checked=True, hyperparameters=taken)
    if decided := hyperparameters.chosen(job.hyperparameters, taken):
        jobs.tell(db, job.id, f"Chosen for {found['rows']:,} rows that train: {decided}")
    if jobs.move(db, job.id, "validating_files", "queued"):
        jobs.tell(db, job.id, f"Files validated, {found['steps']:,} steps are to be trained; the job is queued")


def _step(db: Database, job: Job, data: Mapping[str, Json], left_s: float | None) -> None:
    message = f"Step {data['step']}/{data['total_steps']}: training loss={data['train_loss']:.2f}"
    jobs.tell(db, job.id, message, data=_measured(data), metrics=True)
    if left_s is not None:
        jobs.change(db, job.id, estimated_finish=time.time() + left_s)


def _epoch(db: Database, home: Home, job: Job, data: Mapping[str, Json]) -> list[Path]:
    step = int(data["step"])
    if "valid_loss" in data:
        message = f"Step {step}/{data['total_steps']}: validation loss={data['valid_loss']:.2f}"
        jobs.tell(db, job.id, message, data=_measured(data), metrics=True)
    name = f"{job.name}:ckpt-step-{step}"
    models.add(db, name, base=job.base, job_id=job.id, folder=order.kept(home.job(job.id).resolve(), step))
    told = {
        name: value
        for name, value in jobs.metrics(db, job.id).get(step, {}).items()
        if name not in ("step", "total_steps")
    }
    jobs.add_checkpoint(db, job.id, step, name, told)
    jobs.tell(db, job.id, f"Checkpoint created at step {step}")
    dropped = jobs.checkpoints(db, job.id)[KEPT:]
    for one in dropped:
        models.delete(db, one.model)
        jobs.drop_checkpoint(db, one.id)
    return [order.kept(home.job(job.id), one.step) for one in dropped]


def _measured(data: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in data.items() if value is not None}


def _done(db: Database, home: Home, job: Job, found: Mapping[str, Json]) -> None:
    folder, results = order.kept(home.job(job.id).resolve(), int(found["step"])), list[str]()
    try:
        data = results_file.content(jobs.metrics(db, job.id))
        results.append(files.add(db, home, results_file.NAME, results_file.PURPOSE, data).id)
    except (OSError, ApiError) as fault:  # the model is worth more than the list of its losses
        jobs.tell(db, job.id, f"The result file could not be kept: {fault}", level="warn")
    ended = jobs.change(
        db, job.id, status="succeeded", fine_tuned_model=job.name, trained_tokens=int(found["tokens"]), finished_at=time.time(),
        result_files=results, estimated_finish=None,
    )  # fmt: skip
    if ended:
        models.add(db, job.name, base=job.base, job_id=job.id, folder=folder)
        _tell_best(db, job)
        jobs.tell(db, job.id, f"New fine-tuned model created: {job.name}")
        jobs.tell(db, job.id, "The job has successfully completed")


def _tell_best(db: Database, job: Job) -> None:
    """Say so where an earlier epoch did better on the validation rows."""
    losses = {step: row["valid_loss"] for step, row in jobs.metrics(db, job.id).items() if "valid_loss" in row}
    if losses and (best := min(losses, key=lambda step: (losses[step], -step))) != max(losses):
        jobs.tell(
            db, job.id, f"The validation loss was lowest at step {best} ({losses[best]:.3f}; at the end {losses[max(losses)]:.3f}): "
            f"fewer epochs, or {job.name}:ckpt-step-{best} where it is among the last {KEPT} checkpoints, may answer better", level="warn",
        )  # fmt: skip


def fail(db: Database, job_id: str, *, code: str, message: str, param: str | None = None) -> None:
    """The job ends without a model."""
    error = {"code": code, "message": message, "param": param}
    if jobs.change(db, job_id, status="failed", error=error, finished_at=time.time(), estimated_finish=None):
        jobs.tell(db, job_id, f"The job failed: {message}", level="error")


def process_ended(db: Database, home: Home, job_id: str, code: int) -> None:
    """The process is gone: what it said last is taken in. Where that is no end of what it did, the job fails, or tries once more."""
    while take(db, home, job_id):
        pass
    job = jobs.get(db, job_id)
    if job is None or job.ended or code in (DONE, STOPPED) or job.status == "paused":
        return
    if code == DISK_FULL:
        fail(
            db, job_id, code="disk_full",
            message="The disk of this host is full, so no checkpoint could be written. Free some of it and create the job again: its files are kept",
        )  # fmt: skip
        return
    why = _why(home.job(job_id), code)
    with db.transaction():
        jobs.change(db, job_id, crashes=job.crashes + 1)
        if job.crashes + 1 >= _TRIES:
            fail(db, job_id, code="training_failed", message=f"{why}, {job.crashes + 1} times")
        else:
            jobs.tell(db, job_id, f"{why}; it is started once more and goes on from its last checkpoint", level="warn")


def _why(folder: Path, code: int) -> str:
    if code == -signal.SIGKILL:
        return "The training process was killed (SIGKILL), most likely by the system for want of memory"
    if code < 0:
        return f"The training process was ended by signal {-code}"
    try:
        last = (folder / "worker.log").read_bytes()[-_LOG_BYTES:].decode("utf-8", "replace").strip().splitlines()[-1:]
    except OSError:
        last = []
    return f"The training process broke with exit code {code}" + (f" ({last[0][:300]})" if last else "")
