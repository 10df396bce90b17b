"""Tuning on a host that speaks OpenAI's fine-tuning protocol, at any base_url.

Upload, create, wait. Each remote id is in the state file before the next step, so a killed process goes on
where it was. No such host knows idempotency keys, so every job carries `{"distill_run": <hash of data and
settings>}`: before a job is created, and after a create that got no answer, the host's jobs are searched for
that tag, and one that is found is adopted. The same data and settings are therefore paid for once. Only a job
that failed or was cancelled is made anew.

A bad key, a closed account or a base past its shutdown date is `AccessRefused`; a job that ends badly is
`TuneError`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.errors import AccessRefused
from distill.masking import Mask
from distill.records import Json, content_id
from distill.rundir import file_hash, write_json
from distill.student.job import Event, Host, HostedResult, TuneError, ending, shutdown_notice
from distill.teacher import sdk, wire

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.fine_tuning import FineTuningJob

TAG = "distill_run"
_READ_RETRIES = 5
_ENDED_BADLY = ("failed", "cancelled")


@dataclass(frozen=True, slots=True)
class _State:
    """The remote ids, as stored; `tag` says for which data and settings."""

    tag: str
    training_file: str | None = None
    validation_file: str | None = None
    job_id: str | None = None


async def tune(
    host: Host,
    *,
    train: Path,
    valid: Path | None,
    model: str,
    suffix: str | None = None,
    hyper: Mapping[str, Json] | None = None,
    seed: int | None = None,
    state: Path,
    tag: str = "",
    poll_s: float = 10.0,
    on_event: Callable[[Event], None] | None = None,
) -> HostedResult:
    """Tune `model` on the chat JSONL files and wait for the end, however long; safe to kill and to call
    again.

    `hyper` is n_epochs, batch_size, learning_rate_multiplier, or what else the host takes. Raises
    `TuneError`, `AccessRefused`.
    """
    data = [file_hash(path) if path else None for path in (train, valid)]
    tag = content_id(tag, host.base_url, model, suffix, dict(hyper or {}), seed, data, digits=32)
    seen: list[Event] = []

    mask = Mask.of([host.key, *host.headers.values()])

    def tell(event: Event) -> None:
        event = replace(event, message=mask.text(event.message), data=mask.value(event.data))
        seen.append(event)
        if on_event is not None:
            on_event(event)

    async with _client(host) as client:
        with _explained(host):
            await _check_base(client, model, tell)
            job = await _known(client, _load(state, tag))
            if job is None:
                ids = await _upload(client, _load(state, tag), state, train=train, valid=valid, poll_s=poll_s)
                body = _body(ids, model=model, suffix=suffix, hyper=hyper, seed=seed)
                job = await _create(client, body, tag)
            else:
                tell(Event("info", f"going on with job {job.id} ({job.status})"))
            _save(state, replace(_load(state, tag), job_id=job.id))
            job = await _wait(client, job, poll_s=poll_s, tell=tell)
    if job.status != "succeeded" or not job.fine_tuned_model:
        raise TuneError(ending(job))
    return HostedResult(job.id, job.fine_tuned_model, job.trained_tokens, tuple(seen))


async def _check_base(client: AsyncOpenAI, model: str, tell: Callable[[Event], None]) -> None:
    from openai import NotFoundError

    try:
        found = await client.models.retrieve(model)
    except NotFoundError:
        return  # many hosts tune models that they do not list; an unknown one is refused on create
    notice = shutdown_notice(model, getattr(found, "shutdown_date", None), datetime.now(UTC).date())
    if notice is not None:
        tell(notice)


async def _known(client: AsyncOpenAI, state: _State) -> FineTuningJob | None:
    """The job of the state file, or one at the host with our tag; never one that ended badly."""
    from openai import NotFoundError

    if state.job_id is not None:
        try:
            job = await client.fine_tuning.jobs.retrieve(state.job_id)
        except NotFoundError:
            pass
        else:
            if job.status not in _ENDED_BADLY:
                return job
    return await _tagged(client, state.tag)


async def _tagged(client: AsyncOpenAI, tag: str) -> FineTuningJob | None:
    # The filter is a request some hosts ignore, hence the look at each job; newest first, so the latest is
    # taken.
    async for job in client.fine_tuning.jobs.list(limit=100, metadata={TAG: tag}):
        if (job.metadata or {}).get(TAG) == tag and job.status not in _ENDED_BADLY:
            return job
    return None


async def _upload(
    client: AsyncOpenAI, ids: _State, state: Path, *, train: Path, valid: Path | None, poll_s: float
) -> _State:
    for name, path in (("training_file", train), ("validation_file", valid)):
        known = getattr(ids, name)
        if path is None or (known and await _processed(client, known, poll_s=poll_s, missing_ok=True)):
            continue
        file = await client.files.create(file=(path.name, path.read_bytes()), purpose="fine-tune")
        ids = replace(ids, **{name: file.id})
        _save(state, ids)
        await _processed(client, file.id, poll_s=poll_s)
    return ids


async def _processed(client: AsyncOpenAI, file_id: str, *, poll_s: float, missing_ok: bool = False) -> bool:
    """Wait until the host has read the file: it does so after the upload, and an unread one fails a job."""
    from openai import NotFoundError

    while True:
        try:
            file = await client.files.retrieve(file_id)
        except NotFoundError:
            if missing_ok:
                return False
            raise
        if file.status == "error":
            raise TuneError(f"the host refuses the file {file.filename}: {file.status_details or 'no reason given'}")
        if file.status != "uploaded":
            return True
        await asyncio.sleep(poll_s)


def _body(
    ids: _State, *, model: str, suffix: str | None, hyper: Mapping[str, Json] | None, seed: int | None
) -> dict[str, Any]:
    """The create request; only keys that are set, since hosts refuse those they do not know."""
    given = {
        "model": model,
        "training_file": ids.training_file,
        "validation_file": ids.validation_file,
        "suffix": suffix,
        "seed": seed,
        "metadata": {TAG: ids.tag},
        "method": {"type": "supervised", "supervised": {"hyperparameters": dict(hyper)}} if hyper else None,
    }
    return {key: value for key, value in given.items() if value is not None}


async def _create(client: AsyncOpenAI, body: dict[str, Any], tag: str) -> FineTuningJob:
    from openai import APIConnectionError, InternalServerError

    try:
        return await client.with_options(max_retries=0).fine_tuning.jobs.create(**body)
    except (APIConnectionError, InternalServerError) as error:
        # The host may have made the job all the same: sending again could pay twice.
        job = await _tagged(client, tag)
        if job is None:
            raise TuneError(
                f"the host gave no answer to the create ({error}) and shows no job of it; run again"
            ) from error
        return job


async def _wait(
    client: AsyncOpenAI, job: FineTuningJob, *, poll_s: float, tell: Callable[[Event], None]
) -> FineTuningJob:
    """Poll to the end, passing on each event once, oldest first."""
    told: set[str] = set()
    while True:
        job = await client.fine_tuning.jobs.retrieve(job.id)
        fresh = []
        async for event in client.fine_tuning.jobs.list_events(job.id, limit=100):
            if event.id in told:
                break  # newest first: what follows was told before
            fresh.append(event)
        for event in reversed(fresh):
            told.add(event.id)
            tell(Event(event.level, event.message, event.data if isinstance(event.data, dict) else {}))
        if job.status in ("succeeded", *_ENDED_BADLY):
            return job
        await asyncio.sleep(poll_s)


@asynccontextmanager
async def _client(host: Host) -> AsyncIterator[AsyncOpenAI]:
    # Retries are for what may be sent twice; `_create` sends once.
    made = sdk.client(host.base_url, host.key, host.headers, timeout_s=host.timeout_s, retries=_READ_RETRIES)
    async with made as client:
        yield client


@contextmanager
def _explained(host: Host) -> Iterator[None]:
    """The SDK's errors as ours, in the host's words and without the key."""
    from openai import APIError, AuthenticationError, PermissionDeniedError

    mask = Mask.of([host.key, *host.headers.values()])
    try:
        yield
    except TuneError as error:
        raise TuneError(mask.text(str(error))) from None
    except APIError as error:
        said, where = mask.text(error.message), wire.without_user(host.base_url or "api.openai.com")
        if isinstance(error, AuthenticationError | PermissionDeniedError) or error.code == "insufficient_quota":
            raise AccessRefused(f"{where} refuses to tune: {said}") from None
        raise TuneError(f"{where}: {said}; what was reached is kept, run again to go on") from None
    except Exception as fault:
        if not sdk.unsent(fault):
            raise
        said = mask.text(f"{type(fault).__name__}: {fault}")
        raise TuneError(f"nothing was sent to the tuning host: {said}; look at its address, key and headers") from None


def _load(path: Path, tag: str) -> _State:
    """The stored ids, or none where they are for other data or settings."""
    try:
        stored = _State(**json.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return _State(tag)
    return stored if stored.tag == tag else _State(tag)


def _save(path: Path, state: _State) -> None:
    write_json(path, asdict(state))
