"""One hosted training, from its files to the name of the tuned model, on any host.

Upload, create, wait. Each remote id is in the state file before the next step, so a killed process goes on where it was. No
host knows idempotency keys, so every job carries a tag (a hash of data and settings): before a job is created, and after a
create that got no answer, the host's jobs are searched for it, and one that is found is adopted. The same data and settings
are therefore paid for once. Only a job that failed or was cancelled is made anew.

A bad key, a closed account or a base past its shutdown date is `AccessRefused`; a job that ends badly is
`TuneError`. `stop` (the first Ctrl-C) ends the wait at once with `Stopped`: the job goes on at the host.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from distill.errors import AccessRefused
from distill.protocol.job_states import says_unread
from distill.secrets.masking import SecretMask
from distill.student.hosts import polling, remote_ids, together, uploads
from distill.student.hosts.host import (
    Event,
    HostAddress,
    PriceQuote,
    RemoteFiles,
    RemoteJob,
    Spending,
    TuningHost,
    TuningJob,
)
from distill.student.hosts.job import HostedResult, TuneError, explained, model_of, shutdown_notice
from distill.student.hosts.openai_compatible import OpenAICompatibleHost
from distill.student.hosts.remote_ids import RemoteIds
from distill.teacher.endpoint import sdk
from distill.teacher.endpoint.stopping import Stopped, unless_stopped
from distill.url import TOGETHER

_READ_RETRIES = 5
_CREATE_GRACE_S = 10.0
"""What a create may still take after Ctrl-C: it is paid for, so its reply is worth a wait."""
_LOOKS = 3
"""For a job whose create was cut off: the host may show it only after some seconds."""


async def tune(
    host: HostAddress,
    job: TuningJob,
    *,
    state: Path,
    poll_s: float = 10.0,
    on_event: Callable[[Event], None] | None = None,
    stop: asyncio.Event | None = None,
    spending: Spending | None = None,
) -> HostedResult:
    """Do the job and wait for its end, however long; safe to kill and to call again with the same file `state`.

    Raises `TuneError` (`JobEnded` where the host's job came to nothing), `AccessRefused`, `Stopped`, and what `spending` raises.
    """
    tag, mask, seen = job.id_at(host), SecretMask.of([host.key, *host.headers.values()]), list[Event]()

    def tell(event: Event) -> None:
        event = replace(event, message=mask.text(event.message), data=mask.value(event.data))
        seen.append(event)
        if on_event is not None:
            on_event(event)

    async with _opened(host) as there:
        work = _Work(there, job, tag, state, poll_s, tell, spending or Spending())
        try:
            made = await unless_stopped(stop or asyncio.Event(), work.done())
        except Stopped:
            raise Stopped(_left(remote_ids.load(state, tag))) from None
        ended = replace(made, error=mask.text(made.error))
        model, kept = _kept_name(ended, mask), await there.checkpoints(made.id)
    return HostedResult(ended, model, tuple(seen), tuple(replace(one, name=mask.text(one.name)) for one in kept))


def _kept_name(job: RemoteJob, mask: SecretMask) -> str:
    model = model_of(job)
    if mask.text(model) != model:
        raise TuneError(
            f"job {mask.text(job.id)} has ended, and its host put the key into the tuned model's name; it is not kept"
        )
    return model


async def cancel(host: HostAddress, state: Path) -> RemoteJob | None:
    """Cancel the job of a state file at its host, and say how it stands; None where no job is known.

    A job whose create was cut off is looked for first. Raises `TuneError`, `AccessRefused`.
    """
    ids = remote_ids.last(state)
    if ids is None:
        return None
    async with _opened(host) as there:
        made = await there.poll(ids.job_id) if ids.job_id else await there.find(ids.tag, ids.files)
        if made is None or made.state.ended:
            return made
        return await there.cancel(made.id)


@asynccontextmanager
async def _opened(host: HostAddress) -> AsyncIterator[TuningHost]:
    """The host, its faults put for a person."""
    url = host.base_url or (TOGETHER if host.kind == "together" else None)
    # Retries are for what may be sent twice; a create is sent once.
    made = sdk.client(url, host.key, host.headers, timeout_s=host.timeout_s, retries=_READ_RETRIES)
    async with made as client:
        with explained(host):
            yield together.TogetherHost(client) if host.kind == "together" else OpenAICompatibleHost(client)


@dataclass(frozen=True, slots=True)
class _Work:
    """One job at one host, under way."""

    host: TuningHost
    job: TuningJob
    tag: str
    state: Path
    poll_s: float
    tell: Callable[[Event], None]
    spending: Spending

    @property
    def ids(self) -> RemoteIds:
        return remote_ids.load(self.state, self.tag)

    def keep(self, ids: RemoteIds) -> RemoteIds:
        remote_ids.save(self.state, ids)
        return ids

    async def done(self) -> RemoteJob:
        """The job at its end: the one that is there, or a new one."""
        await self._check_base()
        made = await self._cut_off() if self.ids.creating else await _known(self.host, self.ids)
        if made is None:
            self.spending.check(None)
            files = await self._upload()
            quote = await self.host.quote(self.job, files)
            self._afford(quote)
            await self.spending.begin(quote)
            made = await _to_its_end(self._create(files))
        else:
            self.tell(Event("info", f"going on with job {made.id} ({made.word})"))
            self.keep(replace(self.ids, job_id=made.id, creating=False))
        return await polling.to_the_end(self.host, made.id, poll_s=self.poll_s, tell=self.tell)

    async def _check_base(self) -> None:
        limits = await self.host.limits(self.job.model)
        if (notice := shutdown_notice(self.job.model, limits.retired_on, datetime.now(UTC).date())) is not None:
            self.tell(notice)
        for name, most in limits.at_most.items():
            value = self.job.hyper.get(name)
            if isinstance(value, int | float) and value > most:
                raise TuneError(f"the host takes {name} up to {most:g} for {self.job.model}, and {value:g} is set")

    async def _cut_off(self) -> RemoteJob | None:
        """The job of a create whose answer never came home: the host may need a moment to show it."""
        for look in range(_LOOKS):
            if look:
                await asyncio.sleep(self.poll_s)
            if (made := await _known(self.host, self.ids)) is not None:
                return made
        return None

    def _afford(self, quote: PriceQuote | None) -> None:
        if quote is None:
            return
        if quote.refused:
            raise AccessRefused(f"the host would not finish this job: {quote.refused}; nothing was created")
        if quote.usd is not None:
            self.tell(Event("info", f"{quote.by}: ${quote.usd:.4f} for about {quote.tokens:,} tokens"))
        self.spending.check(quote)

    async def _upload(self) -> RemoteFiles:
        train, valid = await self._uploaded(self.job.train, self.ids.training_file), None
        if self.job.valid is not None:
            valid = await self._uploaded(self.job.valid, self.ids.validation_file)
        return RemoteFiles(train, valid)

    async def _uploaded(self, path: Path, known: str | None) -> str:
        """The id of a file that the host has read: the one it has, or a new one."""
        if known and await uploads.read(self.host, known, poll_s=self.poll_s):
            return known
        file_id = await self.host.upload(path)
        trains, ids = path == self.job.train, self.ids
        self.keep(replace(ids, training_file=file_id) if trains else replace(ids, validation_file=file_id))
        await uploads.read(self.host, file_id, poll_s=self.poll_s)  # a host may show no single file; the create tells
        return file_id

    async def _create(self, files: RemoteFiles) -> RemoteJob:
        """Make the job and write it down; sent again only where the host says that it made none since a file is unread."""
        from openai import APIConnectionError, APIStatusError, InternalServerError

        until, ids = time.monotonic() + uploads.FILE_S, self.keep(replace(self.ids, job_id=None, creating=True))
        while True:
            try:
                job = await self.host.create(self.job, files, self.tag)
            except (APIConnectionError, InternalServerError) as error:
                # The host may have made the job all the same: sending again could pay twice.
                made = await self.host.find(self.tag, files)
                if made is None:
                    raise TuneError(
                        f"the host gave no answer to the create ({error}) and shows no job of it; run again"
                    ) from error
                job = made
            except APIStatusError as error:
                unread = error.status_code in (400, 409, 422, 425) and says_unread(error.message)
                if not unread or time.monotonic() >= until:
                    self.keep(replace(ids, creating=False))
                    raise
                await asyncio.sleep(self.poll_s)
                continue
            self.keep(replace(ids, job_id=job.id, creating=False))
            return job


async def _known(host: TuningHost, ids: RemoteIds) -> RemoteJob | None:
    """The job of the state file, or one at the host with our tag or file; never one that ended badly."""
    if ids.job_id is not None:
        job = await host.poll(ids.job_id)
        if job is not None and not job.ended_badly:
            return job
    return await host.find(ids.tag, ids.files)


def _left(state: RemoteIds) -> str:
    if state.job_id is not None:
        return (
            f"stopped waiting; tuning job {state.job_id} goes on at the host: run the same command later to pick it up"
        )
    return "stopped; no tuning job is known to be made, what was uploaded is kept: run the same command again to go on"


async def _to_its_end(work: Awaitable[RemoteJob]) -> RemoteJob:
    """What is paid for is not broken off at once: it has some seconds to arrive."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,), timeout=_CREATE_GRACE_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
