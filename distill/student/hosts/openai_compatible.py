"""A host that speaks OpenAI's files and fine-tuning protocol, at any base_url: Nebius, Azure, gateways.

No such host knows idempotency keys, so every job carries `{"distill_run": <hash of data and settings>}`; some give no
metadata back, so a job is also found by its training file, which no other job has.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from distill.protocol.job_states import meaning, of_file
from distill.records import Json
from distill.student.hosts.host import (
    Checkpoint,
    Event,
    Limits,
    PriceQuote,
    RemoteFile,
    RemoteFiles,
    RemoteJob,
    TuningJob,
    laid_over,
)
from distill.student.hosts.listing import TAG, ours

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.fine_tuning import FineTuningJob

_NO_SUCH_PATH = (404, 405, 501)
OWN_KEYS = ("model", "training_file", "validation_file", "metadata", "suffix", "seed")
"""Keys of a create that are set here, so that `extra` may not."""


class OpenAICompatibleHost:
    """The host behind a client; `TuningHost` says what each call does."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client

    async def limits(self, model: str) -> Limits:
        from openai import NotFoundError

        try:
            found = await self._client.models.retrieve(model)
        except NotFoundError:
            return Limits()  # many hosts tune models that they do not list; an unknown one is refused on create
        return Limits(getattr(found, "shutdown_date", None))

    async def quote(self, job: TuningJob, files: RemoteFiles) -> PriceQuote | None:  # noqa: ARG002 - the protocol has no estimate
        return None

    async def upload(self, path: Path) -> str:
        data = await asyncio.to_thread(path.read_bytes)
        return (await self._client.files.create(file=(path.name, data), purpose="fine-tune")).id

    async def file(self, file_id: str) -> RemoteFile | None:
        from openai import NotFoundError

        try:
            found = await self._client.files.retrieve(file_id)
        except NotFoundError:
            return None
        word = getattr(found, "status", None)
        fault = str(getattr(found, "status_details", None) or "")
        name = str(getattr(found, "filename", None) or "")
        return RemoteFile(file_id, name, str(word or ""), of_file(word, uploaded_is_read=False), fault)

    async def create(self, job: TuningJob, files: RemoteFiles, tag: str) -> RemoteJob:
        made = await self._client.with_options(max_retries=0).fine_tuning.jobs.create(
            model=job.model, training_file=files.train, extra_body=body(job, files, tag)
        )
        return job_of(made)

    async def find(self, tag: str, files: RemoteFiles | None) -> RemoteJob | None:
        found = await ours(self._client, tag, files.train if files else None)
        return job_of(found) if found is not None else None

    async def poll(self, job_id: str) -> RemoteJob | None:
        from openai import NotFoundError

        try:
            return job_of(await self._client.fine_tuning.jobs.retrieve(job_id))
        except NotFoundError:
            return None

    async def events(self, job_id: str, told: set[str]) -> list[Event]:
        """None from a host that tells none."""
        from openai import APIStatusError

        fresh: list[Event] = []
        try:
            async for event in self._client.fine_tuning.jobs.list_events(job_id, limit=100):
                if event.id in told:
                    break  # newest first: what follows was told before
                told.add(event.id)
                data = getattr(event, "data", None)
                level = getattr(event, "level", None) or "info"
                fresh.append(Event(level, event.message, data if isinstance(data, dict) else {}))
        except APIStatusError as error:
            if error.status_code not in _NO_SUCH_PATH:
                raise
            return []
        return fresh[::-1]

    async def checkpoints(self, job_id: str) -> list[Checkpoint]:
        from openai import APIStatusError

        try:
            page = await self._client.fine_tuning.jobs.checkpoints.list(job_id, limit=100)
        except APIStatusError as error:
            if error.status_code not in _NO_SUCH_PATH:
                raise
            return []
        found = [
            Checkpoint(getattr(one, "step_number", None), one.fine_tuned_model_checkpoint) for one in page.data or ()
        ]
        return sorted(found, key=lambda one: one.step or 0)

    async def cancel(self, job_id: str) -> RemoteJob:
        return job_of(await self._client.fine_tuning.jobs.cancel(job_id))


def body(job: TuningJob, files: RemoteFiles, tag: str) -> dict[str, Json]:
    """The create request; only keys that are set, since hosts refuse those they do not know."""
    method = {"type": job.method, job.method: {"hyperparameters": dict(job.hyper)}}
    given = {
        "model": job.model,
        "training_file": files.train,
        "validation_file": files.valid,
        "suffix": job.suffix,
        "seed": job.seed,
        "metadata": {TAG: tag},
        "method": method if job.hyper or job.method != "supervised" else None,
    }
    return laid_over({key: value for key, value in given.items() if value is not None}, job.extra)


def job_of(job: FineTuningJob) -> RemoteJob:
    """A job as this host shows it."""
    word, error, why = getattr(job, "status", None), getattr(job, "error", None), ""
    if error is not None and getattr(error, "message", None):
        why = f"{error.message} (code {getattr(error, 'code', None)!r}, param {getattr(error, 'param', None)!r})"
    model, tokens = getattr(job, "fine_tuned_model", None), getattr(job, "trained_tokens", None)
    return RemoteJob(job.id, str(word or ""), meaning(word), str(model) if model else None, tokens, error=why)
