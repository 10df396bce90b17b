"""How a tuning job ended, what a host says of a fault, and how each is put for a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from distill.errors import AccessRefused, DistillError
from distill.protocol.job_states import State
from distill.records import Json
from distill.secrets.masking import SecretMask
from distill.student.hosts import closed
from distill.student.hosts.host import Checkpoint, Event, HostAddress, RemoteJob
from distill.teacher.endpoint import sdk, wire

_SOON_DAYS = 90
_PAGE = re.compile(r"<(!doctype|html|head|body)\b", re.IGNORECASE)
_BARE = re.compile(r"Error code: \d+")
_LONGEST = 1000
"""Letters of a host's message."""
_HOMES = {"openai": "api.openai.com", "together": "api.together.ai"}


class TuneError(DistillError):
    """The host did not give a tuned model; what is uploaded and created is in the state file."""


def _words(message: str, setting: str) -> str:
    """A host's message on one line; a page of a gateway is only named."""
    line = " ".join(message.split())
    if (page := _PAGE.search(line)) is not None or _BARE.fullmatch(line):
        status = line[: page.start()].strip(" -") if page else line
        return f"{status}, and no reason that a tuning API gives; look at {setting}"
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


class JobEnded(TuneError):
    """The host's job ended without a model."""

    def __init__(self, said: str, job: RemoteJob) -> None:
        super().__init__(said)
        self.job = job


@contextmanager
def explained(
    host: HostAddress, *, refused: str = "refuses to tune", setting: str = "student.train.base_url"
) -> Iterator[None]:
    """The SDK's errors as ours, in the host's words and without the key: `AccessRefused` or `TuneError`. What no host can be
    blamed for stays. `refused` says what a refusal refuses, `setting` where the host's address was given."""
    from openai import APIError, APIStatusError, AuthenticationError, PermissionDeniedError

    mask = SecretMask.of([host.key, *host.headers.values()])
    where = wire.without_user(host.base_url or _HOMES[host.kind])
    try:
        yield
    except TuneError as error:
        raise TuneError(mask.text(str(error))) from None
    except DistillError:
        raise
    except APIError as error:
        message = mask.text(_words(error.message, setting))
        status = error.status_code if isinstance(error, APIStatusError) else 0
        if closed.says_closed(status, message):
            dates = f"{closed.DATES}. " if host.kind == "openai" else ""
            raise AccessRefused(f"{where} {refused}: {message}. {dates}{closed.WAYS_ON}") from None
        if isinstance(error, AuthenticationError | PermissionDeniedError) or error.code == "insufficient_quota":
            raise AccessRefused(f"{where} {refused}: {message}") from None
        raise TuneError(f"{where}: {message}; what was reached is kept, run again to go on") from None
    except Exception as fault:
        message = mask.text(f"{type(fault).__name__}: {fault}")
        if sdk.misread(fault):
            raise TuneError(
                f"{where}: a reply is none of a tuning API ({message[:200]}); look at {setting}; "
                "what was reached is kept, run again to go on"
            ) from fault
        if not sdk.unsent(fault):
            raise
        said = f"nothing was sent to the tuning host: {message}"
        raise TuneError(f"{said}; look at its address, key and headers") from None


@dataclass(frozen=True, slots=True)
class HostedResult:
    """A tuned model, by the name it is called with, and the job that made it."""

    job: RemoteJob
    fine_tuned_model: str
    events: tuple[Event, ...]
    checkpoints: tuple[Checkpoint, ...] = ()

    @property
    def job_id(self) -> str:
        return self.job.id

    @property
    def curve(self) -> list[dict[str, Json]]:
        """The events that measured a loss, in the shape of loss.json; what the host does not tell is None."""
        names, measured = ("step", "epoch", "train_loss", "valid_loss"), [event.data for event in self.events]
        return [{name: data.get(name) for name in names} for data in measured if "train_loss" in data]


def shutdown_notice(model: str, shutdown_date: str | None, today: date) -> Event | None:
    """What to say of a base's shutdown date: nothing, a warning when it is near; `AccessRefused` once it is past."""
    if not shutdown_date:
        return None
    try:
        last = date.fromisoformat(shutdown_date[:10])
    except ValueError:
        return Event("warn", f"{model} has the shutdown date {shutdown_date!r}, which is no date we can read")
    if last <= today:
        raise AccessRefused(f"{model} was shut down on {last}, and its fine-tunes with it; choose another student base")
    left = (last - today).days
    if left > _SOON_DAYS:
        return None
    return Event("warn", f"{model} shuts down on {last}, and a student tuned on it too: {left} days left")


def model_of(job: RemoteJob) -> str:
    """What a job that has ended made, by the name it is called with; `JobEnded` where it made none."""
    if job.state is not State.COMPLETED or not job.model:
        raise JobEnded(_ending(job), job)
    return job.model


def _ending(job: RemoteJob) -> str:
    """A sentence for a job that ended without a model, with the next move."""
    if job.state is State.CANCELLED:
        return f"job {job.id} was cancelled at the host; run again to make a new one"
    if job.state is State.COMPLETED:
        return f"job {job.id} succeeded and names no model; look at it on the host"
    if job.state is State.EXPIRED:
        return f"job {job.id} expired at the host; run again to make a new one"
    if not job.error:
        return f"job {job.id} failed, and the host gives no reason"
    return f"job {job.id} failed: {job.error}; fix that and run again"
