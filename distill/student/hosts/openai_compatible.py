"""Tuning on a host that speaks OpenAI's fine-tuning protocol, at any base_url.

Upload, create, wait. Each remote id is in the state file before the next step, so a killed process goes on
where it was. No such host knows idempotency keys, so every job carries `{"distill_run": <hash of data and
settings>}`: before a job is created, and after a create that got no answer, the host's jobs are searched for
that tag, and for the training file, since some hosts give no metadata back; one that is found is adopted. The
same data and settings are therefore paid for once. Only a job that failed or was cancelled is made anew.

A bad key, a closed account or a base past its shutdown date is `AccessRefused`; a job that ends badly is
`TuneError`. `stop` (the first Ctrl-C) ends the wait at once with `Stopped`: the job goes on at the host.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.atomic_write import write_json
from distill.errors import AccessRefused
from distill.records import Json, content_id
from distill.rundir import file_hash
from distill.secrets.masking import SecretMask
from distill.student.hosts import polling, uploads
from distill.student.hosts.job import Event, Host, HostedResult, TuneError, ending, shutdown_notice, state_of
from distill.student.hosts.listing import ENDED_BADLY, TAG, ours
from distill.teacher.endpoint import sdk, wire
from distill.teacher.endpoint.job_states import State, says_unread
from distill.teacher.endpoint.stopping import Stopped, unless_stopped

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.fine_tuning import FineTuningJob

_READ_RETRIES = 5
_CREATE_GRACE_S = 10.0
"""What a create may still take after Ctrl-C: it is paid for, so its reply is worth a wait."""


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
    stop: asyncio.Event | None = None,
) -> HostedResult:
    """Tune `model` on the chat JSONL files and wait for the end, however long; safe to kill and to call
    again.

    `hyper` is n_epochs, batch_size, learning_rate_multiplier, or what else the host takes. Raises
    `TuneError`, `AccessRefused`, `Stopped`.
    """
    data = [file_hash(path) if path else None for path in (train, valid)]
    tag = content_id(tag, host.base_url, model, suffix, dict(hyper or {}), seed, data, digits=32)
    seen: list[Event] = []

    mask = SecretMask.of([host.key, *host.headers.values()])

    def tell(event: Event) -> None:
        event = replace(event, message=mask.text(event.message), data=mask.value(event.data))
        seen.append(event)
        if on_event is not None:
            on_event(event)

    async def work(client: AsyncOpenAI) -> FineTuningJob:
        await _check_base(client, model, tell)
        job = await _known(client, _load(state, tag))
        if job is None:
            ids = await _upload(client, _load(state, tag), state, train=train, valid=valid, poll_s=poll_s)
            body = _body(ids, model=model, suffix=suffix, hyper=hyper, seed=seed)
            job = await _to_its_end(_create(client, body, ids, state, poll_s=poll_s))
        else:
            tell(Event("info", f"going on with job {job.id} ({job.status})"))
            _save(state, replace(_load(state, tag), job_id=job.id))
        return await polling.to_the_end(client, job, poll_s=poll_s, tell=tell)

    async with _client(host) as client:
        with _explained(host):
            try:
                job = await unless_stopped(stop or asyncio.Event(), work(client))
            except Stopped:
                raise Stopped(_left(_load(state, tag))) from None
    if state_of(job) is not State.COMPLETED or not getattr(job, "fine_tuned_model", None):
        raise TuneError(ending(job))
    if mask.text(str(job.fine_tuned_model)) != job.fine_tuned_model:
        raise TuneError(
            f"job {mask.text(job.id)} has ended, and its host put the key into the tuned model's name; it is not kept"
        )
    return HostedResult(job.id, str(job.fine_tuned_model), getattr(job, "trained_tokens", None), tuple(seen))


def _left(state: _State) -> str:
    """What is left at the host by one who stops."""
    if state.job_id is None:
        return (
            "stopped; no tuning job is known to be made, what was uploaded is kept: run the same command again to go on"
        )
    return f"stopped waiting; tuning job {state.job_id} goes on at the host: run the same command later to pick it up"


async def _to_its_end(work: Coroutine[Any, Any, FineTuningJob]) -> FineTuningJob:
    """What is paid for is not broken off at once: it has some seconds to come home."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,), timeout=_CREATE_GRACE_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise


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
    """The job of the state file, or one at the host with our tag or file; never one that ended badly."""
    from openai import NotFoundError

    if state.job_id is not None:
        try:
            job = await client.fine_tuning.jobs.retrieve(state.job_id)
        except NotFoundError:
            pass
        else:
            if state_of(job) not in ENDED_BADLY:
                return job
    return await ours(client, state.tag, state.training_file)


async def _upload(
    client: AsyncOpenAI, ids: _State, state: Path, *, train: Path, valid: Path | None, poll_s: float
) -> _State:
    from openai import NotFoundError

    for name, path in (("training_file", train), ("validation_file", valid)):
        known = getattr(ids, name)
        if path is None or (known and await uploads.there(client, known, poll_s=poll_s)):
            continue
        file_id = await uploads.upload(client, path)
        ids = replace(ids, **{name: file_id})
        _save(state, ids)
        with suppress(NotFoundError):  # a host may show no single file; the create tells
            await uploads.read(client, file_id, poll_s=poll_s)
    return ids


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


async def _create(
    client: AsyncOpenAI, body: dict[str, Any], ids: _State, state: Path, *, poll_s: float
) -> FineTuningJob:
    """Make the job and write it down; sent again only where the host says that it made none since a file is unread."""
    from openai import APIConnectionError, APIStatusError, InternalServerError

    until = time.monotonic() + uploads.FILE_S
    while True:
        try:
            job = await client.with_options(max_retries=0).fine_tuning.jobs.create(**body)
        except (APIConnectionError, InternalServerError) as error:
            # The host may have made the job all the same: sending again could pay twice.
            made = await ours(client, ids.tag, ids.training_file)
            if made is None:
                raise TuneError(
                    f"the host gave no answer to the create ({error}) and shows no job of it; run again"
                ) from error
            job = made
        except APIStatusError as error:
            if error.status_code not in (400, 409, 422, 425) or not says_unread(error.message):
                raise
            if time.monotonic() >= until:
                raise
            await asyncio.sleep(poll_s)
            continue
        _save(state, replace(ids, job_id=job.id))
        return job


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

    mask = SecretMask.of([host.key, *host.headers.values()])
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
        said = mask.text(f"{type(fault).__name__}: {fault}")
        if sdk.misread(fault):
            raise TuneError(
                f"{wire.without_user(host.base_url or 'api.openai.com')}: a reply is none of a tuning API ({said[:200]}); look at "
                "student.train.base_url; what was reached is kept, run again to go on"
            ) from fault
        if not sdk.unsent(fault):
            raise
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
