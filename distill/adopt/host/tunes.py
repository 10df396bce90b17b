"""The tunes of an organisation: each a job that ended with a model, as its host tells of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distill.errors import UsageError
from distill.protocol.job_states import State, meaning
from distill.records import Json
from distill.secrets.masking import SecretMask
from distill.student.hosts.listing import pages

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.fine_tuning import FineTuningJob

CHECKPOINT = ":ckpt-step-"
"""What stands between a tuned model's name and the step of a checkpoint of it."""


@dataclass(frozen=True, slots=True)
class Tune:
    """A tuned model, and the job that made it."""

    job_id: str
    model: str | None
    """None where the job made none."""
    base: str
    state: str
    """The host's word."""
    method: str = "supervised"
    hyperparameters: Mapping[str, Json] = field(default_factory=dict)
    training_file: str | None = None
    validation_file: str | None = None
    result_files: Sequence[str] = ()
    created_at: int | None = None
    finished_at: int | None = None
    trained_tokens: int | None = None
    error: str = ""

    @property
    def suffix(self) -> str:
        """The name that its owner gave it: the fourth part of `ft:base:organisation:suffix:id`."""
        parts = (self.model or "").split(":")
        return parts[3] if len(parts) > 4 else ""


def tune_of(job: Mapping[str, Json]) -> Tune:
    """A job as the host wrote it; what it leaves out, or writes otherwise, is not known."""
    method = _object(job.get("method"))
    kind = str(method.get("type") or "supervised")
    settings = _object(_object(method.get(kind)).get("hyperparameters")) or _object(job.get("hyperparameters"))
    results = job.get("result_files")
    return Tune(
        job_id=str(job.get("id")), model=_text(job.get("fine_tuned_model")), base=str(job.get("model") or ""),
        state=str(job.get("status") or ""), method=kind, hyperparameters=settings,
        training_file=_text(job.get("training_file")), validation_file=_text(job.get("validation_file")),
        result_files=[str(one) for one in results if one] if isinstance(results, list) else [],
        created_at=_whole(job.get("created_at")), finished_at=_whole(job.get("finished_at")),
        trained_tokens=_whole(job.get("trained_tokens")), error=str(_object(job.get("error")).get("message") or ""),
    )  # fmt: skip


async def every_job(client: AsyncOpenAI) -> AsyncIterator[dict[str, Json]]:
    """All jobs that the host lists, as it wrote them."""
    async for jobs in pages(client):
        for job in jobs:
            yield _told(client, job)


async def find(client: AsyncOpenAI, given: str) -> tuple[Tune, dict[str, Json]]:
    """(the tune that an id of a job or a name of a model means, the job as the host wrote it); UsageError where there is none,
    or it made no model."""
    job = None if given.startswith("ft:") else await _retrieved(client, given)
    if job is None:
        async for one in every_job(client):
            if _is_of(given, _text(one.get("fine_tuned_model"))):
                job = one | {"fine_tuned_model": given}
                break
    if job is None:
        raise UsageError(
            f"no job of this key's organisation and project is, or made, {given!r}; `distill adopt --inventory` lists what there is. "
            "With the training file at hand: distill init --from FILE --teacher MODEL"
        )
    tune = tune_of(job)
    if tune.model is None:
        raise UsageError(_no_model(tune))
    return tune, job


async def _retrieved(client: AsyncOpenAI, job_id: str) -> dict[str, Json] | None:
    from openai import BadRequestError, NotFoundError

    try:
        return _told(client, await client.fine_tuning.jobs.retrieve(job_id))
    except (NotFoundError, BadRequestError):  # an id of another form is a 400 at some hosts
        return None


def _told(client: AsyncOpenAI, job: FineTuningJob) -> dict[str, Json]:
    """A job as the host wrote it, less the key that it was asked with."""
    told: dict[str, Json] = SecretMask.of([client.api_key]).value(job.to_dict(mode="json", warnings=False))
    return told


def _is_of(given: str, model: str | None) -> bool:
    """Whether a name is that of a tuned model, or of a checkpoint on its way."""
    return model is not None and (given == model or given.startswith(f"{model}{CHECKPOINT}"))


def _no_model(tune: Tune) -> str:
    why = f": {tune.error}" if tune.error else ""
    if meaning(tune.state) in (State.GOING, State.UNKNOWN):
        return f"job {tune.job_id} is {tune.state!r} and has made no model yet; adopt it when it has ended"
    return f"job {tune.job_id} is {tune.state!r} and made no model{why}; there is nothing to adopt"


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
