"""Where a tuning host is, what it says of a job, and how both are put for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from distill.errors import AccessRefused, DistillError
from distill.records import Json
from distill.teacher.endpoint.job_states import State, meaning

if TYPE_CHECKING:
    from openai.types.fine_tuning import FineTuningJob

_SOON_DAYS = 90


class TuneError(DistillError):
    """The host did not give a tuned model; what is uploaded and created is in the state file."""


@dataclass(frozen=True, slots=True)
class HostAddress:
    """Where to tune; the key is never shown, stored or sent anywhere else."""

    base_url: str | None = None
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Event:
    """What the host said about the job; `data` holds step and losses where it is a measurement."""

    level: str
    message: str
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HostedResult:
    """A tuned model, by the name it is called with."""

    job_id: str
    fine_tuned_model: str
    trained_tokens: int | None
    events: tuple[Event, ...]

    @property
    def curve(self) -> list[dict[str, Json]]:
        """The events that measured a loss, in the shape of loss.json; what the host does not tell is None."""
        return [
            {name: event.data.get(name) for name in ("step", "epoch", "train_loss", "valid_loss")}
            for event in self.events
            if "train_loss" in event.data
        ]


def shutdown_notice(model: str, shutdown_date: str | None, today: date) -> Event | None:
    """What to say of a base's shutdown date: nothing, a warning when it is near; `AccessRefused` once it is
    past.
    """
    if not shutdown_date:
        return None
    try:
        last = date.fromisoformat(shutdown_date[:10])
    except ValueError:
        return Event("warn", f"{model} has the shutdown date {shutdown_date!r}, which is no date we can read")
    if last <= today:
        raise AccessRefused(f"{model} was shut down on {last}, and its fine-tunes with it; choose another student base")
    if (last - today).days > _SOON_DAYS:
        return None
    return Event(
        "warn",
        f"{model} shuts down on {last}, and a student tuned on it too: {(last - today).days} days left",
    )


def state_of(job: FineTuningJob) -> State:
    """Its state, whatever word the host has for it."""
    return meaning(getattr(job, "status", None))


def ending(job: FineTuningJob) -> str:
    """A sentence for a job that ended without a model, with the next move."""
    state = state_of(job)
    if state is State.CANCELLED:
        return f"job {job.id} was cancelled at the host; run again to make a new one"
    if state is State.COMPLETED:
        return f"job {job.id} succeeded and names no model; look at it on the host"
    if state is State.EXPIRED:
        return f"job {job.id} expired at the host; run again to make a new one"
    error = getattr(job, "error", None)
    if error is None or not getattr(error, "message", None):
        return f"job {job.id} failed, and the host gives no reason"
    why = f"{error.message} (code {getattr(error, 'code', None)!r}, param {getattr(error, 'param', None)!r})"
    return f"job {job.id} failed: {why}; fix that and run again"
