"""A fine-tuning job with its events and checkpoints, in the shapes of the public API. Times are whole Unix seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.records import Json

ENDED = ("succeeded", "failed", "cancelled")
"""States that a job never leaves."""
_ALWAYS = ("n_epochs", "batch_size", "learning_rate_multiplier")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobObject:
    """A job. `hyperparameters` are those of its method, as they were asked for or, once that is known, as they are."""

    job_id: str
    created_at: float
    model: str
    status: str
    training_file: str
    seed: int
    organization_id: str
    hyperparameters: Mapping[str, Json]
    method: str = "supervised"
    validation_file: str | None = None
    fine_tuned_model: str | None = None
    finished_at: float | None = None
    estimated_finish: float | None = None
    trained_tokens: int | None = None
    result_files: Sequence[str] = ()
    error: Mapping[str, Json] | None = None
    suffix: str | None = None
    metadata: Mapping[str, str] | None = None
    integrations: Sequence[Mapping[str, Json]] = ()

    def as_json(self) -> dict[str, Json]:
        """As the API tells it."""
        given = self.hyperparameters
        return {
            "object": "fine_tuning.job", "id": self.job_id, "created_at": int(self.created_at), "model": self.model, "status": self.status,
            "fine_tuned_model": self.fine_tuned_model, "finished_at": _whole(self.finished_at),
            "estimated_finish": _whole(self.estimated_finish), "organization_id": self.organization_id,
            "training_file": self.training_file, "validation_file": self.validation_file, "result_files": list(self.result_files),
            "trained_tokens": self.trained_tokens, "error": self.error, "seed": self.seed, "user_provided_suffix": self.suffix,
            "metadata": self.metadata, "integrations": list(self.integrations),
            "hyperparameters": {name: given[name] for name in _ALWAYS if name in given},
            "method": {"type": self.method, self.method: {"hyperparameters": dict(given)}},
        }  # fmt: skip


def event(
    *, event_id: str, created_at: float, message: str, level: str = "info", kind: str = "message", data: Mapping[str, Json] | None = None
) -> dict[str, Json]:  # fmt: skip
    """Something that happened to a job; one of the type `metrics` has the losses of a step as its data."""
    return {
        "object": "fine_tuning.job.event", "id": event_id, "created_at": int(created_at), "level": level, "message": message,
        "type": kind, "data": dict(data or {}),
    }  # fmt: skip


def checkpoint(
    *, checkpoint_id: str, created_at: float, job_id: str, model: str, step: int, metrics: Mapping[str, Json]
) -> dict[str, Json]:  # fmt: skip
    """A job's model as it was after a step; metrics that nobody measured are left out."""
    return {
        "object": "fine_tuning.job.checkpoint", "id": checkpoint_id, "created_at": int(created_at), "fine_tuning_job_id": job_id,
        "fine_tuned_model_checkpoint": model, "step_number": step,
        "metrics": {name: value for name, value in {"step": step, **metrics}.items() if value is not None},
    }  # fmt: skip


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds)
