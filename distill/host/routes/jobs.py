"""fine_tuning/jobs: made, listed, looked at, cancelled, paused and resumed, with their events and checkpoints."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from distill import extras
from distill.host.access.json_body import json_object
from distill.host.host import Host
from distill.host.state import files, jobs, models
from distill.host.state.jobs import Job
from distill.host.training import order, request
from distill.host.training.base import lasting
from distill.host.training.order import Order
from distill.host.training.request import JobRequest
from distill.protocol import ids
from distill.protocol import job as shapes
from distill.protocol.error import ApiError
from distill.protocol.page import limit_of, page
from distill.records import Json

ORGANIZATION = "distill"
"""Whose the models are, by their names."""
_PURPOSE = "fine-tune"
_FILTER = re.compile(r"metadata\[(.+)\]")
_MOST_EVENTS = 1000


async def create(call: Request) -> JSONResponse:
    """Check what can be known at once, keep the job with its files, and let the queue have it."""
    host: Host = call.app.state.host
    asked = request.read(await json_object(call))
    base, parent = _base(host, asked.model)
    paths = _files(host, asked)
    if lacking := extras.missing("train"):
        raise ApiError(
            f"This host cannot train: {', '.join(lacking)} are not installed ({extras.install('train')})",
            status=501,
            code="cannot_train",
        )
    call.app.state.quota.check(0)
    job = _job(asked, base, parent)
    ordered = Order(
        base=lasting(host.settings.bases[base]), cache=str(host.home.bases.resolve()), method=job.method, hyperparameters=dict(job.hyperparameters),
        seed=job.seed, parent=job.parent, validates=asked.validation_file is not None,
    )  # fmt: skip
    await asyncio.to_thread(order.make, host.home.job(job.id), ordered, paths)
    with host.db.transaction():
        jobs.add(host.db, job)
        jobs.tell(host.db, job.id, f"Created fine-tuning job: {job.id}")
        jobs.tell(host.db, job.id, f"Validating training file: {job.training_file}" + _and_valid(job))
        if job.integrations:
            jobs.tell(
                host.db,
                job.id,
                "Integrations are kept with the job and nothing is sent to them: this host has no key of theirs",
                level="warn",
            )
    host.queue.wake()
    return JSONResponse(shown(job))


def _and_valid(job: Job) -> str:
    return f" and validation file: {job.validation_file}" if job.validation_file else ""


def _base(host: Host, model: str) -> tuple[str, str]:
    """(the base's name in the settings, the folder of a tune that is trained on, or nothing); ApiError where the model cannot be tuned."""
    tune = models.get(host.db, model)
    base = tune.base if tune is not None else host.settings.base_of(model)
    if base is None or base not in host.settings.bases:
        known = ", ".join([*host.settings.bases, *host.settings.aliases]) or "none"
        raise ApiError(
            f"The model `{model}` does not exist or cannot be fine-tuned here; this host has: {known}", status=404, code="model_not_found",
            param="model",
        )  # fmt: skip
    return base, str(tune.folder) if tune is not None else ""


def _files(host: Host, asked: JobRequest) -> dict[str, Path]:
    """Where the bytes of the files are; ApiError where one is not there, or was uploaded for something else."""
    found = {}
    for part, param, file_id in (
        ("train", "training_file", asked.training_file),
        ("valid", "validation_file", asked.validation_file),
    ):
        if file_id is None:
            continue
        file = files.get(host.db, file_id)
        if file is None:
            raise ApiError(f"invalid {param}: {file_id} (no such File object)", param=param, code="file_not_found")
        if file.purpose != _PURPOSE:
            raise ApiError(
                f"invalid {param}: {file_id} was uploaded with the purpose '{file.purpose}', expected '{_PURPOSE}'", param=param,
                code="invalid_file_purpose",
            )  # fmt: skip
        found[part] = files.path(host.home, file.id)
    return found


def _job(asked: JobRequest, base: str, parent: str) -> Job:
    job_id = ids.new("ftjob-")
    said = asked.model.split(":")[1] if asked.model.startswith("ft:") else asked.model
    return Job(
        id=job_id, created_at=time.time(), status="validating_files", model=asked.model, base=base, parent=parent,
        name=f"ft:{said}:{ORGANIZATION}:{asked.suffix}:{ids.new('', 8)}", method=asked.method, hyperparameters=asked.hyperparameters,
        training_file=asked.training_file, validation_file=asked.validation_file, suffix=asked.said, seed=asked.seed, metadata=asked.metadata,
        integrations=asked.integrations,
    )  # fmt: skip


async def list_all(call: Request) -> JSONResponse:
    """The newest first; those alone that have the metadata of the query."""
    host: Host = call.app.state.host
    wanted = {key[1]: value for name, value in call.query_params.items() if (key := _FILTER.fullmatch(name))}
    found = [shown(job) for job in jobs.every(host.db, wanted)]
    return JSONResponse(page(found, call.query_params))


async def retrieve(call: Request) -> JSONResponse:
    return JSONResponse(shown(_found(call)))


async def events(call: Request) -> JSONResponse:
    """The newest first."""
    host: Host = call.app.state.host
    job, after = _found(call), call.query_params.get("after")
    limit = limit_of(call.query_params, usual=20, most=_MOST_EVENTS)
    found = jobs.events(host.db, job.id, after=after, limit=limit + 1)
    if found is None:
        raise ApiError(f"No object with id '{after}' to list after.", param="after")
    shapes_ = [
        shapes.event(
            event_id=one.id,
            created_at=one.created_at,
            message=one.message,
            level=one.level,
            kind=one.type,
            data=one.data,
        )
        for one in found[:limit]
    ]
    return JSONResponse({"object": "list", "data": shapes_, "has_more": len(found) > limit})


async def checkpoints(call: Request) -> JSONResponse:
    """The last step first."""
    host: Host = call.app.state.host
    rows = [
        shapes.checkpoint(
            checkpoint_id=one.id,
            created_at=one.created_at,
            job_id=one.job_id,
            model=one.model,
            step=one.step,
            metrics=one.metrics,
        )
        for one in jobs.checkpoints(host.db, _found(call).id)
    ]
    return JSONResponse(page(rows, call.query_params, usual=10))


async def cancel(call: Request) -> JSONResponse:
    """Its process is killed; checkpoints that it has made stay."""
    return _changed(call, "cancelled", "Fine-tuning job was cancelled", finished_at=time.time(), estimated_finish=None)


async def pause(call: Request) -> JSONResponse:
    """Its process ends at the next step, with a checkpoint."""
    if (job := _found(call)).status == "paused":
        raise ApiError(f"Job is paused already: {job.id}")
    return _changed(call, "paused", "Fine-tuning job was paused", estimated_finish=None)


async def resume(call: Request) -> JSONResponse:
    """It waits for its turn again."""
    job = _found(call)
    if job.status != "paused":
        raise ApiError(f"Job is not paused, it is {job.status}: {job.id}")
    return _changed(call, "queued" if job.checked else "validating_files", "Fine-tuning job was resumed")


def _changed(call: Request, status: str, message: str, **values: Json) -> JSONResponse:
    host: Host = call.app.state.host
    job = _found(call)
    with host.db.transaction():
        if not jobs.change(host.db, job.id, status=status, **values):
            raise ApiError(f"Job has already {_ended(job.status)}: {job.id}")
        jobs.tell(host.db, job.id, message)
    host.queue.wake()
    return JSONResponse(shown(_found(call)))


def _ended(status: str) -> str:
    return {"succeeded": "completed", "cancelled": "been cancelled"}.get(status, status)


def _found(call: Request) -> Job:
    host: Host = call.app.state.host
    job = jobs.get(host.db, call.path_params["id"])
    if job is None:
        raise ApiError(
            f"Could not find fine tune: {call.path_params['id']}",
            status=404,
            code="fine_tune_not_found",
            param="fine_tune_id",
        )
    return job


def shown(job: Job) -> dict[str, Json]:
    """A job as clients see it."""
    error: Mapping[str, Json] | None = job.error
    return shapes.JobObject(
        job_id=job.id, created_at=job.created_at, model=job.model, status=job.status, training_file=job.training_file, seed=job.seed,
        organization_id=f"org-{ORGANIZATION}", method=job.method, hyperparameters=job.hyperparameters, validation_file=job.validation_file,
        fine_tuned_model=job.fine_tuned_model, finished_at=job.finished_at,
        estimated_finish=job.estimated_finish if job.status == "running" else None, trained_tokens=job.trained_tokens,
        result_files=job.result_files, error=error, suffix=job.suffix, metadata=job.metadata, integrations=job.integrations,
    ).as_json()  # fmt: skip


_JOBS = "/fine_tuning/jobs"
_ONE = _JOBS + "/{id}"
ROUTES = [
    Route(_JOBS, create, methods=["POST"]),
    Route(_JOBS, list_all, methods=["GET"]),
    Route(_ONE, retrieve, methods=["GET"]),
    Route(_ONE + "/events", events, methods=["GET"]),
    Route(_ONE + "/checkpoints", checkpoints, methods=["GET"]),
    Route(_ONE + "/cancel", cancel, methods=["POST"]),
    Route(_ONE + "/pause", pause, methods=["POST"]),
    Route(_ONE + "/resume", resume, methods=["POST"]),
]
