"""Together's files and fine-tuning routes on 127.0.0.1, in memory; the bodies are those of its public SDK.

    async with serve() as host:      # host.base_url, host.jobs, host.files, host.creates

A file goes up as there: its checksum for a redirect, the bytes to that address, a word that they are there; equal bytes get
the file that is there. A job moves one state each time it is looked at: pending → queued → running → completed. The base's
name chooses its end: `fail-…` fails with a word on line 3, `closed-…` is refused, `poor-…` is past the account's limit.
`hangs` names seams at which the next calls do their work and never answer: upload, create, poll.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from tuning_jobs import fault_of

WAY = ("pending", "queued", "running", "compressing", "uploading", "completed")
KEY = "tok-canary-1234567890"
_AT = "2026-11-30T08:00:{:02d}Z"
_PRICE = 0.5
"""Dollars a million tokens."""


@dataclass(slots=True)
class TogetherDouble:
    """What the host holds; `creates` counts the create requests, `jobs` is what came of them."""

    base_url: str = ""
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    creates: int = 0
    uploads: int = 0
    hangs: list[str] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    estimates: bool = True

    async def seam(self, name: str) -> None:
        if self.hangs[:1] == [name]:
            self.hangs.pop(0)
            self.reached.set()
            await asyncio.Event().wait()


_HOST = web.AppKey("host", TogetherDouble)


@asynccontextmanager
async def serve() -> AsyncIterator[TogetherDouble]:
    """The host, listening on a free port of 127.0.0.1 until the block ends."""
    host = TogetherDouble()
    app = web.Application(client_max_size=64 * 2**20, middlewares=[_keyed])
    app[_HOST] = host
    app.add_routes(
        [
            web.post("/v1/files", _place),
            web.put("/bucket/{id}", _bytes),
            web.post("/v1/files/{id}/preprocess", _preprocess),
            web.get("/v1/files/{id}", _file),
            web.get("/v1/fine-tunes/models/limits", _limits),
            web.post("/v1/fine-tunes/estimate-price", _estimate),
            web.post("/v1/fine-tunes", _create),
            web.get("/v1/fine-tunes", _list),
            web.get("/v1/fine-tunes/{id}", _job),
            web.get("/v1/fine-tunes/{id}/events", _events),
            web.get("/v1/fine-tunes/{id}/metrics", _metrics),
            web.get("/v1/fine-tunes/{id}/checkpoints", _checkpoints),
            web.post("/v1/fine-tunes/{id}/cancel", _cancel),
        ]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield host
    finally:
        await runner.cleanup()


@web.middleware
async def _keyed(request: web.Request, handler: Any) -> web.StreamResponse:
    """Every call of the API brings the key; the bucket, which is another company's, must not see it."""
    bearer = request.headers.get("Authorization")
    if request.path.startswith("/bucket/"):
        return web.Response(status=400, text="a key was sent here") if bearer else await handler(request)
    return await handler(request) if bearer == f"Bearer {KEY}" else _error(401, "Invalid API key provided")


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "invalid_request_error"}}, status=status)


async def _place(request: web.Request) -> web.Response:
    host, form = request.app[_HOST], await request.post()
    known = next((file for file in host.files.values() if file["checksum"] == form["checksum"] and file["data"]), None)
    if known is not None:
        return web.json_response({"file_id": known["id"]}, status=409)
    file_id = f"file-{len(host.files) + 1}"
    host.files[file_id] = {"id": file_id, "filename": form["file_name"], "checksum": form["checksum"], "data": b""}
    where = {"Location": f"http://{request.host}/bucket/{file_id}", "X-Together-File-Id": file_id}
    return web.Response(status=302, headers=where)


async def _bytes(request: web.Request) -> web.Response:
    host = request.app[_HOST]
    host.uploads += 1
    data = await request.read()
    await host.seam("upload")
    host.files[request.match_info["id"]]["data"] = data
    return web.Response()


async def _preprocess(request: web.Request) -> web.Response:
    return await _file(request)


async def _file(request: web.Request) -> web.Response:
    file = request.app[_HOST].files.get(request.match_info["id"])
    if file is None:
        return _error(404, "no such file")
    fault = fault_of(file["data"])
    report = {"valid": fault is None, **({"error": fault, "error_type": "INVALID_FORMAT"} if fault else {})}
    shown = {"id": file["id"], "bytes": len(file["data"]), "created_at": 1, "filename": file["filename"]}
    kind = {"FileType": "jsonl", "object": "file", "purpose": "fine-tune"}
    state = {"processing_status": "INVALID_FORMAT" if fault else "COMPLETED", "validation_report": report}
    return web.json_response({**shown, **kind, **state})


async def _limits(request: web.Request) -> web.Response:
    lora = {"max_batch_size": 96, "max_batch_size_dpo": 48, "max_rank": 64, "min_batch_size": 8, "target_modules": []}
    limits = {
        "model_name": request.query["model_name"], "default_gradient_accumulation_steps": 1, "max_learning_rate": 0.1,
        "max_num_checkpoints": 10, "max_num_epochs": 20, "max_num_evals": 100, "max_seq_length_dpo": 8192,
        "max_seq_length_sft": 8192, "merge_output_lora": True, "min_learning_rate": 1e-9, "min_max_seq_length": 256,
        "supports_full_training": False, "supports_reasoning": False, "supports_tools": True, "supports_vision": False,
        "lora_training": {**lora, "default_rank": 8},
    }  # fmt: skip
    return web.json_response(limits)


async def _estimate(request: web.Request) -> web.Response:
    host, body = request.app[_HOST], await request.json()
    if not host.estimates:
        return web.json_response({"estimation_available": False, "unavailable_reason": "train_file_not_validated"})
    tokens = _tokens(host, body)
    found = {
        "estimation_available": True, "allowed_to_proceed": not body["model"].startswith("poor-"),
        "estimated_train_token_count": tokens, "estimated_eval_token_count": 0,
        "estimated_total_price": tokens * _PRICE / 1e6, "user_limit": 0.0,
    }  # fmt: skip
    return web.json_response(found)


def _tokens(host: TogetherDouble, body: dict[str, Any]) -> int:
    return len(host.files[body["training_file"]]["data"]) // 4 * int(body["n_epochs"])


async def _create(request: web.Request) -> web.Response:
    host, body = request.app[_HOST], await request.json()
    host.creates += 1
    if body["model"].startswith("closed-"):
        return _error(403, "Fine-tuning is not available for this account")
    if body["model"].startswith("no-"):
        return _error(400, f"Model {body['model']} is not supported for fine-tuning")
    number = len(host.jobs) + 1
    job = {
        **body, "id": f"ft-{number}", "status": WAY[0], "user_id": "u", "created_at": _AT.format(number), "updated_at": _AT.format(number),
        "model_output_name": f"me/{body['model']}-{body.get('suffix')}-{number}", "token_count": None, "total_price": None,
    }  # fmt: skip
    job.pop("batch_size")
    host.jobs[str(job["id"])], host.events[str(job["id"])] = job, []
    _note(host, job, "Fine tune request created", "job_pending")
    await host.seam("create")
    return web.json_response(job)


def _note(host: TogetherDouble, job: dict[str, Any], message: str, kind: str, level: str = "info") -> None:
    told = host.events[job["id"]]
    event = {"object": "fine-tune-event", "created_at": _AT.format(len(told)), "level": level}
    told.append({**event, "message": message, "type": kind, "hash": f"{job['id']}-{len(told)}"})


async def _list(request: web.Request) -> web.Response:
    return web.json_response({"data": list(request.app[_HOST].jobs.values())})


async def _job(request: web.Request) -> web.Response:
    host = request.app[_HOST]
    await host.seam("poll")
    job = host.jobs.get(request.match_info["id"])
    if job is None:
        return _error(404, "no such job")
    if job["status"] in WAY[:-1]:
        _advance(host, job)
    return web.json_response(job)


def _advance(host: TogetherDouble, job: dict[str, Any]) -> None:
    following = WAY[WAY.index(job["status"]) + 1]
    if job["model"].startswith("fail-") and following == "running":
        job["status"] = "user_error"
        _note(host, job, "Error on line 3: the conversation is empty", "job_user_error", "error")
        return
    job["status"] = following
    if following == "completed":
        tokens = _tokens(host, job)
        job |= {"token_count": tokens, "total_price": round(tokens * _PRICE * 1e3)}
    _note(host, job, f"Now {following}", "job_start" if following == "running" else "warning")


async def _events(request: web.Request) -> web.Response:
    return web.json_response({"data": request.app[_HOST].events.get(request.match_info["id"], [])})


async def _metrics(request: web.Request) -> web.Response:
    job = request.app[_HOST].jobs[request.match_info["id"]]
    begun = job["status"] in WAY[2:]
    rows = [{"global_step": step, "train/loss": 1.0 / step, "eval/loss": 1.5 / step} for step in (1, 2)]
    return web.json_response({"metrics": rows if begun else None})


async def _checkpoints(request: web.Request) -> web.Response:
    job = request.app[_HOST].jobs[request.match_info["id"]]
    names = {2: job["model_output_name"]}
    rows = [
        {"step": step, "checkpoint_type": f"final (step {step})", "created_at": job["created_at"], "path": f"s3://{name}", "object_name": name}
        for step, name in names.items()
    ]  # fmt: skip
    return web.json_response({"data": rows})


async def _cancel(request: web.Request) -> web.Response:
    host = request.app[_HOST]
    job = host.jobs[request.match_info["id"]]
    job["status"] = "cancelled"
    _note(host, job, "Cancelled", "cancel_requested")
    return web.json_response(job)
