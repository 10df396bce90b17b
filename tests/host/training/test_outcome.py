"""Lines of a process and the state of its job."""

from __future__ import annotations

import base64
import errno
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from distill.host.home import Home
from distill.host.state import files, jobs, models
from distill.host.state.database import Database
from distill.host.state.jobs import Job
from distill.host.training import order, outcome
from distill.host.training.progress import DISK_FULL, ProgressWriter


@dataclass(frozen=True, slots=True)
class Running:
    """A job that trains, without its process."""

    db: Database
    home: Home

    @property
    def say(self) -> ProgressWriter:
        return ProgressWriter(self.home.job("j"))

    @property
    def job(self) -> Job:
        found = jobs.get(self.db, "j")
        assert found is not None
        return found

    def take(self) -> None:
        outcome.take(self.db, self.home, "j")

    def epoch(self, step: int, **measured: float) -> None:
        order.kept(self.home.job("j"), step).mkdir(parents=True)
        self.say.line(epoch={"step": step, "total_steps": 20, **measured})

    @property
    def messages(self) -> list[str]:
        return [one.message for one in jobs.events(self.db, "j", limit=100) or []]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    home = Home(tmp_path)
    db = Database(home.database, (jobs.SCHEMA, models.SCHEMA, files.SCHEMA))
    jobs.add(
        db, Job("j", time.time(), "running", "gpt", "small", "ft:gpt:distill:s:abc", "file-1", {"n_epochs": "auto"})
    )
    home.job("j").mkdir(parents=True)
    yield Running(db, home)
    db.close()


def step(number: int, **more: Any) -> dict[str, Any]:
    return {"step": number, "total_steps": 20, "train_loss": 2.0 / number, "train_mean_token_accuracy": 0.5, **more}


def test_good_files_queue_the_job_with_what_auto_came_to(running: Running) -> None:
    running.db.write("UPDATE jobs SET status = 'validating_files'")
    running.say.line(checked={"rows": 50, "steps": 78, "hyperparameters": {"n_epochs": 6}})
    running.take()
    assert (running.job.status, running.job.hyperparameters, running.job.checked) == ("queued", {"n_epochs": 6}, True)
    assert "Chosen for 50 rows that train: n_epochs 6" in running.messages


def test_a_job_that_was_paused_meanwhile_stays_paused(running: Running) -> None:
    jobs.change(running.db, "j", status="paused")
    running.say.line(checked={"rows": 50, "steps": 78, "hyperparameters": {"n_epochs": 6}})
    running.take()
    assert (running.job.status, running.job.checked) == ("paused", True)


def test_a_step_is_an_event_with_its_losses(running: Running) -> None:
    running.say.line(step=step(2), left_s=60.0)
    running.take()
    event = (jobs.events(running.db, "j", limit=1) or [])[0]
    assert (event.type, event.message, event.data["train_loss"]) == ("metrics", "Step 2/20: training loss=1.00", 1.0)
    assert running.job.estimated_finish == pytest.approx(time.time() + 60, abs=5)


def test_each_line_counts_once_however_often_it_is_looked_at(running: Running) -> None:
    for number in (1, 2, 3):
        running.say.line(step=step(number), left_s=None)
        running.take()
        running.take()
    assert len(running.messages) == 3


def test_the_last_three_epochs_are_models(running: Running) -> None:
    for number in (5, 10, 15, 20):
        running.say.line(step=step(number), left_s=None)
        running.epoch(number, valid_loss=1.0, valid_mean_token_accuracy=0.75)
        running.take()
    assert [one.step for one in jobs.checkpoints(running.db, "j")] == [20, 15, 10]
    assert jobs.checkpoints(running.db, "j")[0].metrics == {
        "train_loss": 0.1, "train_mean_token_accuracy": 0.5, "valid_loss": 1.0, "valid_mean_token_accuracy": 0.75,
    }  # fmt: skip
    assert [one.name for one in models.every(running.db)] == [
        f"ft:gpt:distill:s:abc:ckpt-step-{n}" for n in (10, 15, 20)
    ]
    assert sorted(path.name for path in (running.home.job("j") / "kept").iterdir()) == ["step-10", "step-15", "step-20"]


def test_the_end_of_a_job_is_a_model_and_its_losses(running: Running) -> None:
    running.say.line(step=step(20), left_s=0.0)
    running.epoch(20)
    running.say.line(done={"step": 20, "tokens": 640})
    running.take()
    job = running.job
    assert (job.status, job.fine_tuned_model, job.trained_tokens, job.estimated_finish) == (
        "succeeded",
        job.name,
        640,
        None,
    )
    found = models.get(running.db, job.name)
    assert found is not None
    assert found.folder == order.kept(running.home.job("j"), 20)
    data = files.path(running.home, job.result_files[0]).read_bytes()
    assert base64.b64decode(data).decode().splitlines()[1] == "20,0.10000,0.50000,,"
    assert running.messages[0] == "The job has successfully completed"


def test_an_earlier_epoch_that_was_better_is_told(running: Running) -> None:
    for number, loss in ((10, 0.5), (20, 0.9)):
        running.epoch(number, valid_loss=loss)
    running.say.line(done={"step": 20, "tokens": 1})
    running.take()
    assert any("lowest at step 10 (0.500; at the end 0.900)" in message for message in running.messages)


def test_a_job_that_was_cancelled_gets_no_model(running: Running) -> None:
    jobs.change(running.db, "j", status="cancelled")
    running.say.line(done={"step": 20, "tokens": 1})
    running.take()
    assert (running.job.status, running.job.fine_tuned_model, models.every(running.db)) == ("cancelled", None, [])


def test_a_result_file_that_finds_no_room_costs_no_model(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "keep", full)
    running.epoch(20)
    running.say.line(done={"step": 20, "tokens": 1})
    running.take()
    assert (running.job.status, running.job.result_files) == ("succeeded", [])


def test_a_reason_that_the_process_gave_is_the_jobs_error(running: Running) -> None:
    running.say.line(failed={"code": "invalid_training_file", "message": "line 3", "param": "training_file"})
    outcome.process_ended(running.db, running.home, "j", 4)
    assert running.job.error == {"code": "invalid_training_file", "message": "line 3", "param": "training_file"}


@pytest.mark.parametrize(
    ("code", "said"), [(-9, "want of memory"), (-11, "signal 11"), (1, "exit code 1 (OSError: x)")]
)
def test_a_process_that_breaks_is_started_once_more(running: Running, code: int, said: str) -> None:
    (running.home.job("j") / "worker.log").write_text("Traceback\nOSError: x\n")
    outcome.process_ended(running.db, running.home, "j", code)
    assert (running.job.status, running.job.crashes) == ("running", 1)
    outcome.process_ended(running.db, running.home, "j", code)
    assert running.job.status == "failed"
    assert running.job.error is not None
    assert said in running.job.error["message"]


def test_a_full_disk_is_the_reason(running: Running) -> None:
    outcome.process_ended(running.db, running.home, "j", DISK_FULL)
    assert running.job.error is not None
    assert running.job.error["code"] == "disk_full"


@pytest.mark.parametrize("status", ["running", "paused", "cancelled"])
def test_a_process_that_was_told_to_stop_is_no_failure(running: Running, status: str) -> None:
    jobs.change(running.db, "j", status=status)
    outcome.process_ended(running.db, running.home, "j", -9 if status == "cancelled" else 3)
    assert running.job.status == status
