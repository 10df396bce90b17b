"""Jobs by the openai SDK."""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from host_jobs import TrainingHost, rows, training_host
from job_forks import JobForks
from openai.types.fine_tuning import FineTuningJob

from distill.host.state import jobs, models

GPT = "gpt-4o-mini-2024-07-18"


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainingHost]:
    """A host whose jobs stay as they were made."""
    folder = tmp_path_factory.mktemp("host")
    with training_host(folder, folder / "no-base", trains=False) as host:
        yield host


@pytest.fixture(scope="module")
def file_id(waiting: TrainingHost) -> str:
    return waiting.upload(rows())


def ended(host: TrainingHost, job: FineTuningJob, within_s: float = 300.0) -> FineTuningJob:
    until = time.monotonic() + within_s
    while job.status not in ("succeeded", "failed", "cancelled"):
        assert time.monotonic() < until, job
        time.sleep(0.2)
        job = host.client.fine_tuning.jobs.retrieve(job.id)
    return job


def test_a_job_is_what_was_asked_for(waiting: TrainingHost, file_id: str) -> None:
    job = waiting.client.fine_tuning.jobs.create(
        model=GPT, training_file=file_id, suffix="support-v1", seed=3, metadata={"team": "x"},
        method={"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2}}},
        integrations=[{"type": "wandb", "wandb": {"project": "p"}}],
    )  # fmt: skip
    assert (job.object, job.model, job.status, job.seed, job.metadata) == (
        "fine_tuning.job",
        GPT,
        "validating_files",
        3,
        {"team": "x"},
    )
    assert job.id.startswith("ftjob-")
    assert job.method is not None
    assert job.method.dpo is not None
    assert job.method.dpo.hyperparameters is not None
    assert (job.method.dpo.hyperparameters.beta, job.method.dpo.hyperparameters.n_epochs) == (0.2, "auto")
    assert (job.fine_tuned_model, job.finished_at, job.estimated_finish, job.result_files) == (None, None, None, [])
    assert job.integrations is not None
    assert waiting.client.fine_tuning.jobs.retrieve(job.id) == job
    events = list(waiting.client.fine_tuning.jobs.list_events(job.id, limit=1))
    assert [event.level for event in events] == ["warn", "info", "info"]  # newest first, over three pages
    assert events[-1].message == f"Created fine-tuning job: {job.id}"


def test_jobs_are_paged_and_filtered(waiting: TrainingHost, file_id: str) -> None:
    made = [
        waiting.client.fine_tuning.jobs.create(
            model="tiny", training_file=file_id, metadata={"n": str(n % 2), "page": "1"}
        ).id
        for n in range(4)
    ]
    found = list(waiting.client.fine_tuning.jobs.list(limit=3, metadata={"page": "1"}))
    assert [job.id for job in found] == made[::-1]
    assert [job.id for job in waiting.client.fine_tuning.jobs.list(metadata={"n": "1"})] == [made[3], made[1]]
    with pytest.raises(openai.BadRequestError, match="after"):
        waiting.client.fine_tuning.jobs.list(after="ftjob-none")


@pytest.mark.parametrize(
    ("changed", "status", "code", "param"),
    [
        ({"model": "gpt-9"}, 404, "model_not_found", "model"),
        ({"training_file": "file-none"}, 400, "file_not_found", "training_file"),
        ({"validation_file": "file-none"}, 400, "file_not_found", "validation_file"),
        ({"method": {"type": "reinforcement"}}, 400, "unsupported_method", "method.type"),
        ({"hyperparameters": {"n_epochs": 0}}, 400, None, "hyperparameters.n_epochs"),
        ({"suffix": "x" * 65}, 400, None, "suffix"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(
    waiting: TrainingHost, file_id: str, changed: dict[str, Any], status: int, code: str | None, param: str
) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        waiting.client.fine_tuning.jobs.create(**{"model": "tiny", "training_file": file_id, **changed})
    assert (refused.value.status_code, refused.value.code, refused.value.param) == (status, code, param)


def test_a_file_of_another_purpose_is_refused(waiting: TrainingHost) -> None:
    batch = waiting.upload(b'{"custom_id": "a"}\n', "batch")
    with pytest.raises(openai.BadRequestError, match="purpose 'batch', expected 'fine-tune'"):
        waiting.client.fine_tuning.jobs.create(model="tiny", training_file=batch)


def test_a_job_is_paused_resumed_and_cancelled(waiting: TrainingHost, file_id: str) -> None:
    client = waiting.client.fine_tuning.jobs
    job = client.create(model="tiny", training_file=file_id)
    with pytest.raises(openai.BadRequestError, match="not paused, it is validating_files"):
        client.resume(job.id)
    assert client.pause(job.id).status == "paused"
    with pytest.raises(openai.BadRequestError, match="paused already"):
        client.pause(job.id)
    assert client.resume(job.id).status == "validating_files"
    cancelled = client.cancel(job.id)
    assert (cancelled.status, cancelled.finished_at is not None) == ("cancelled", True)
    for again in (client.cancel, client.pause):
        with pytest.raises(openai.BadRequestError, match="already been cancelled"):
            again(job.id)


def test_a_job_that_is_not_there_is_not_found(waiting: TrainingHost) -> None:
    client = waiting.client.fine_tuning.jobs
    for ask in (
        client.retrieve,
        client.cancel,
        client.pause,
        client.resume,
        client.list_events,
        client.checkpoints.list,
    ):
        with pytest.raises(openai.NotFoundError, match="Could not find fine tune: ftjob-none"):
            ask("ftjob-none")


@pytest.mark.slow
def test_a_job_trains_and_its_model_is_known(tiny_base: Path, job_forks: JobForks, tmp_path: Path) -> None:
    """From the upload to the losses; the server's process never loads what trains. A faulty file beside it fails by its lines."""
    before = "torch" in sys.modules
    with training_host(tmp_path, tiny_base, start=job_forks.start) as host:
        client = host.client.fine_tuning.jobs
        bad = client.create(model="tiny", training_file=host.upload(rows() + b'{"messages": []}\n{\n'))
        job = client.create(
            model=GPT, training_file=host.upload(rows(16)), validation_file=host.upload(rows(3)), suffix="v1",
            hyperparameters={"n_epochs": 2},
        )  # fmt: skip
        bad, job = ended(host, bad), ended(host, job)
        assert bad.error is not None
        assert (bad.status, bad.error.code, bad.error.param) == ("failed", "invalid_training_file", "training_file")
        assert "line 13" in bad.error.message
        assert "line 14" in bad.error.message
        assert job.status == "succeeded", job.error
        assert job.fine_tuned_model is not None
        assert job.fine_tuned_model.startswith(f"ft:{GPT}:distill:v1:")
        assert (job.hyperparameters.n_epochs, job.hyperparameters.batch_size) == (2, 2)
        assert job.trained_tokens is not None
        assert job.trained_tokens > 0
        found = list(client.checkpoints.list(job.id))
        assert [one.step_number for one in found] == [16, 8]
        assert found[0].metrics.valid_loss is not None
        assert found[0].fine_tuned_model_checkpoint == f"{job.fine_tuned_model}:ckpt-step-16"
        metrics = [event for event in client.list_events(job.id, limit=50) if event.type == "metrics"]
        assert len(metrics) == 18
        content = base64.b64decode(host.client.files.content(job.result_files[0]).content).decode().splitlines()
        assert content[0] == "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy"
        assert len(content) == 17
        tune = models.get(host.host.db, job.fine_tuned_model)
        assert tune is not None
        assert json.loads((tune.folder / "adapter_config.json").read_text())["r"] == 16
        assert jobs.get(host.host.db, job.id) is not None
    assert ("torch" in sys.modules) == before
