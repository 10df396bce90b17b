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
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from distill.records import Json, content_id
from distill.rundir import file_hash
from distill.secrets.masking import SecretMask
from distill.student.hosts import polling, remote_ids, uploads
from distill.student.hosts.job import Event, HostAddress, HostedResult, TuneError, explained, model_of, shutdown_notice
from distill.student.hosts.listing import TAG, ended_badly, ours
from distill.student.hosts.remote_ids import RemoteIds
from distill.teacher.endpoint import sdk
from distill.teacher.endpoint.job_states import says_unread
from distill.teacher.endpoint.stopping import Stopped, unless_stopped

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.fine_tuning import FineTuningJob

_READ_RETRIES = 5
_CREATE_GRACE_S = 10.0
"""What a create may still take after Ctrl-C: it is paid for, so its reply is worth a wait."""


@dataclass(frozen=True, slots=True)
class TuningJob:
    """What is tuned on which chat JSONL files, and how; equal jobs are paid for once.

    `hyper` is n_epochs, batch_size, learning_rate_multiplier, or what else the host takes. `tag` tells jobs of equal data apart.
    """

    model: str
    train: Path
    valid: Path | None
    suffix: str | None = None
    hyper: Mapping[str, Json] = field(default_factory=dict)
    seed: int | None = None
    tag: str = ""

    def id_at(self, host: HostAddress) -> str:
        """A hash of the data, the settings and the host."""
        data = [file_hash(path) if path else None for path in (self.train, self.valid)]
        how = (self.model, self.suffix, dict(self.hyper), self.seed)
        return content_id(self.tag, host.base_url, *how, data, digits=32)


async def tune(
    host: HostAddress,
    job: TuningJob,
    *,
    state: Path,
    poll_s: float = 10.0,
    on_event: Callable[[Event], None] | None = None,
    stop: asyncio.Event | None = None,
) -> HostedResult:
    """Do the job and wait for its end, however long; safe to kill and to call again with the same file `state`.

    Raises `TuneError`, `AccessRefused`, `Stopped`.
    """
    tag, mask = job.id_at(host), SecretMask.of([host.key, *host.headers.values()])
    seen: list[Event] = []

    def tell(event: Event) -> None:
        event = replace(event, message=mask.text(event.message), data=mask.value(event.data))
        seen.append(event)
        if on_event is not None:
            on_event(event)

    # Retries are for what may be sent twice; `_create` sends once.
    made_client = sdk.client(host.base_url, host.key, host.headers, timeout_s=host.timeout_s, retries=_READ_RETRIES)
    async with made_client as client:
        with explained(host):
            try:
                work = _made_and_watched(client, job, tag, state, poll_s=poll_s, tell=tell)
                made = await unless_stopped(stop or asyncio.Event(), work)
            except Stopped:
                raise Stopped(_left(remote_ids.load(state, tag))) from None
    model = model_of(made)
    if mask.text(model) != model:
        raise TuneError(
            f"job {mask.text(made.id)} has ended, and its host put the key into the tuned model's name; it is not kept"
        )
    return HostedResult(made.id, model, getattr(made, "trained_tokens", None), tuple(seen))


async def _made_and_watched(
    client: AsyncOpenAI, job: TuningJob, tag: str, state: Path, *, poll_s: float, tell: Callable[[Event], None]
) -> FineTuningJob:
    """The job at its end: the one that is there, or a new one."""
    await _check_base(client, job.model, tell)
    made = await _known(client, remote_ids.load(state, tag))
    if made is None:
        ids = await _upload(client, remote_ids.load(state, tag), state, job, poll_s=poll_s)
        made = await _to_its_end(_create(client, _body(ids, job), ids, state, poll_s=poll_s))
    else:
        tell(Event("info", f"going on with job {made.id} ({made.status})"))
        remote_ids.save(state, replace(remote_ids.load(state, tag), job_id=made.id))
    return await polling.to_the_end(client, made, poll_s=poll_s, tell=tell)


def _left(state: RemoteIds) -> str:
    if state.job_id is None:
        return (
            "stopped; no tuning job is known to be made, what was uploaded is kept: run the same command again to go on"
        )
    return f"stopped waiting; tuning job {state.job_id} goes on at the host: run the same command later to pick it up"


async def _to_its_end(work: Awaitable[FineTuningJob]) -> FineTuningJob:
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


async def _known(client: AsyncOpenAI, state: RemoteIds) -> FineTuningJob | None:
    """The job of the state file, or one at the host with our tag or file; never one that ended badly."""
    from openai import NotFoundError

    if state.job_id is not None:
        try:
            job = await client.fine_tuning.jobs.retrieve(state.job_id)
        except NotFoundError:
            pass
        else:
            if not ended_badly(job):
                return job
    return await ours(client, state.tag, state.training_file)


async def _upload(client: AsyncOpenAI, ids: RemoteIds, state: Path, job: TuningJob, *, poll_s: float) -> RemoteIds:
    from openai import NotFoundError

    for name, path in (("training_file", job.train), ("validation_file", job.valid)):
        known = getattr(ids, name)
        if path is None or (known and await uploads.there(client, known, poll_s=poll_s)):
            continue
        file_id = await uploads.upload(client, path)
        ids = replace(ids, **{name: file_id})
        remote_ids.save(state, ids)
        with suppress(NotFoundError):  # a host may show no single file; the create tells
            await uploads.read(client, file_id, poll_s=poll_s)
    return ids


def _body(ids: RemoteIds, job: TuningJob) -> dict[str, Json]:
    """The create request; only keys that are set, since hosts refuse those they do not know."""
    method = {"type": "supervised", "supervised": {"hyperparameters": dict(job.hyper)}}
    given = {
        "model": job.model,
        "training_file": ids.training_file,
        "validation_file": ids.validation_file,
        "suffix": job.suffix,
        "seed": job.seed,
        "metadata": {TAG: ids.tag},
        "method": method if job.hyper else None,
    }
    return {key: value for key, value in given.items() if value is not None}


async def _create(
    client: AsyncOpenAI, body: dict[str, Json], ids: RemoteIds, state: Path, *, poll_s: float
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
        remote_ids.save(state, replace(ids, job_id=job.id))
        return job
