"""A tuning host on 127.0.0.1: OpenAI's files, models, fine-tuning and chat endpoints, in memory.

    async with serve() as host:      # host.base_url, host.jobs, host.files, host.creates
        ...

A job moves one state each time it is looked at: validating_files → queued → running → succeeded, so a test
waits for nothing. The base's name chooses its end: `fail-…` fails, `cancel-…` is cancelled, `retired-…` was
shut down, `closed-…` is refused with 403 and `gone-…` with 400. `hangs` names seams (upload, create, poll) at
which the next calls do their work and never answer. `faults` holds what happens to the next creates, in order: "lost"
makes the job and closes the connection, "hang" makes it and never answers, "page" makes it and answers with HTML,
"torn" with half of its JSON, "refused" makes none and answers
500. Uploads are validated as the real host validates them: after the upload, row by row. A file that is taken out of `host.files`
is a 404, as a deleted one is; `dark` names models that were shut down, `ends` shutdown dates, `refused` paths and their status.

The models answer: a tuned one as the training row whose input shares most words with the question, any other one
with the question's own words, each after `delay_s`. `questions` counts the chat requests,
`asked` is set by each.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from tuning_jobs import WAY, TuningHost, advance, fault_of, learnt, new_job, shown

from distill.protocol.completion import chat_choice, chat_completion, usage
from distill.protocol.error import ApiError
from distill.protocol.file import file_object
from distill.protocol.job import checkpoint
from distill.protocol.model import model
from distill.protocol.page import page

_LEAST_ROWS = 10
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serve(*, faults: Iterable[str] = ()) -> AsyncIterator[TuningHost]:
    """The host, listening on a free port of 127.0.0.1 until the block ends."""
    host = TuningHost(faults=list(faults))
    runner = web.AppRunner(_app(host), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield host
    finally:
        await runner.cleanup()


_HOST = web.AppKey("host", TuningHost)


def _app(host: TuningHost) -> web.Application:
    app = web.Application(client_max_size=64 * 2**20, middlewares=[_refusing])
    app[_HOST] = host
    jobs = "/v1/fine_tuning/jobs"
    app.add_routes(
        [
            web.get("/v1/models", _models),
            web.get("/v1/models/{id}", _model),
            web.post("/v1/chat/completions", _chat),
            web.post("/v1/files", _upload),
            web.get("/v1/files/{id}", _file),
            web.get("/v1/files/{id}/content", _content),
            web.post(jobs, _create),
            web.get(jobs, _list),
            web.get(jobs + "/{id}", _job),
            web.get(jobs + "/{id}/events", _events),
            web.get(jobs + "/{id}/checkpoints", _checkpoints),
            web.post(jobs + "/{id}/cancel", _cancel),
        ]
    )
    return app


def _error(status: int, message: str, code: str) -> web.Response:
    return web.json_response(ApiError(message, code=code, status=status).body, status=status)


@web.middleware
async def _refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the host refuses by its path, as of an organisation that may not."""
    for part, status in request.app[_HOST].refused.items():
        if part in request.path:
            key = request.headers.get("Authorization", "").removeprefix("Bearer ")
            return _error(status, f"Your organization may not do this with {key}", "not_allowed")
    return await handler(request)


def _gone(name: str) -> web.Response:
    return _error(404, f"The model `{name}` does not exist", "model_not_found")


async def _models(request: web.Request) -> web.Response:
    """Bases and tuned models of jobs, and models of `ends`, which need have no job."""
    host = request.app[_HOST]
    names = [job[key] for job in host.jobs.values() for key in ("model", "fine_tuned_model")]
    there = [name for name in dict.fromkeys([*names, *host.ends]) if name and name not in host.dark]
    return web.json_response({"object": "list", "data": [_shown_model(host, name) for name in there]})


def _shown_model(host: TuningHost, name: str) -> dict[str, Any]:
    gone = host.ends.get(name, "2026-01-01" if name.startswith("retired-") else None)
    return model(identity=name, created=0, owned_by="host") | {"shutdown_date": gone}


async def _model(request: web.Request) -> web.Response:
    host, name = request.app[_HOST], request.match_info["id"]
    return _gone(name) if name in host.dark else web.json_response(_shown_model(host, name))


async def _chat(request: web.Request) -> web.Response:
    host, body = request.app[_HOST], await request.json()
    host.questions += 1
    host.asked.set()
    await asyncio.sleep(host.delay_s)
    name, question = str(body["model"]), str(body["messages"][-1]["content"])
    job = next((job for job in host.jobs.values() if job["fine_tuned_model"] == name), None)
    if name in host.dark or (job is None and name.startswith("ft:")):
        return _gone(name)
    text = question if job is None else learnt(host.files[job["training_file"]]["data"], question)
    choice = chat_choice(index=0, content=text, finish="stop")
    used = usage(prompt_tokens=len(question) // 4 + 1, completion_tokens=len(text) // 4 + 1)
    told = chat_completion(identity=f"chatcmpl-{host.questions}", model=name, created=0, choices=[choice], usage=used)
    return web.json_response(told)


async def _upload(request: web.Request) -> web.Response:
    host = request.app[_HOST]
    form = await request.post()
    upload = form["file"]
    if not isinstance(upload, web.FileField):
        return _error(400, "file must be an upload", "invalid_file")
    data = upload.file.read()
    upload.file.close()
    name, purpose = f"file-{len(host.files) + 1}", str(form["purpose"])
    record = file_object(
        identity=name, filename=upload.filename, purpose=purpose, size=len(data), created_at=0, status="uploaded"
    )
    host.files[name] = record | {"data": data, "pending": host.pending}
    await host.seam("upload")
    return web.json_response(record)


async def _file(request: web.Request) -> web.Response:
    host = request.app[_HOST]
    record = host.files.get(request.match_info["id"])
    if record is None:
        return _error(404, "No such File object", "not_found")
    fault = fault_of(record["data"])
    record["status"], record["status_details"] = ("error", fault) if fault else ("processed", None)
    if record["pending"] > 0:
        record["pending"] -= 1
        record["status"] = host.unread_word
    return web.json_response({key: value for key, value in record.items() if key not in ("data", "pending")})


async def _content(request: web.Request) -> web.Response:
    record = request.app[_HOST].files.get(request.match_info["id"])
    if record is None:
        return _error(404, f"No such File object: {request.match_info['id']}", "not_found")
    return web.Response(body=record["data"], content_type="application/octet-stream")


async def _create(request: web.Request) -> web.StreamResponse:
    host, body = request.app[_HOST], await request.json()
    host.creates += 1
    fault = host.faults.pop(0) if host.faults else ""
    if (refused := _refusal(host, body, fault)) is not None:
        return refused
    if host.late_s:
        host.reached.set()
        await asyncio.sleep(host.late_s)
    job = new_job(host, body)
    await host.seam("create")
    if fault == "hang":
        await asyncio.Event().wait()
    if fault == "lost" and request.transport is not None:
        request.transport.close()
    if fault == "page":
        return web.Response(text="<html>made</html>", content_type="text/html")
    if fault == "torn":
        return web.Response(text='{"id": "ftjob', content_type="application/json")
    return web.json_response(shown(host, job))


def _refusal(host: TuningHost, body: dict[str, Any], fault: str) -> web.Response | None:
    """Why no job is made of a create; None where one is."""
    if body["model"].startswith("closed-"):
        return _error(403, "This organization can no longer create fine-tuning jobs", "not_allowed")
    if body["model"].startswith("gone-"):
        return _error(400, "Fine-tuning is no longer available for gone-tiny", "invalid_request")
    if fault == "refused":
        return _error(500, "The server had an error", "server_error")
    file = host.files[body["training_file"]]
    if file["pending"] > 0:
        file["pending"] -= 1
        return _error(400, f"The file {file['id']} is not in the state Processed.", "invalidPayload")
    rows = file["data"].count(b"\n")
    if rows >= _LEAST_ROWS:
        return None
    return _error(400, f"Training file has {rows} example(s), must have at least {_LEAST_ROWS}", "invalid_n_examples")


async def _list(request: web.Request) -> web.Response:
    """In pages; the metadata filter finds nothing where no metadata is kept, and is ignored else, as some hosts do."""
    host = request.app[_HOST]
    filtered = any(name.startswith("metadata") for name in request.query)
    jobs = [] if filtered and not host.metadata else [shown(host, job) for job in host.jobs.values()]
    return _page(request, jobs if host.oldest_first else jobs[::-1], most=host.page)


async def _events(request: web.Request) -> web.Response:
    return _page(request, list(reversed(request.app[_HOST].events.get(request.match_info["id"], []))))


def _page(request: web.Request, rows: list[dict[str, Any]], *, most: int = 100) -> web.Response:
    try:
        return web.json_response(page(rows, request.query, usual=min(20, most), most=most))
    except ApiError as refused:
        return web.json_response(refused.body, status=refused.status)


async def _job(request: web.Request) -> web.Response:
    host = request.app[_HOST]
    await host.seam("poll")
    job = host.jobs.get(request.match_info["id"])
    if job is None:
        return _error(404, "No such fine-tuning job", "fine_tune_not_found")
    if job["status"] in WAY[:-1]:
        advance(host, job)
    return web.json_response(shown(host, job))


async def _checkpoints(request: web.Request) -> web.Response:
    job = request.app[_HOST].jobs[request.match_info["id"]]
    name = f"{job['fine_tuned_model']}:ckpt-2"
    rows = [checkpoint(checkpoint_id="ckpt-1", created_at=1, job_id=job["id"], model=name, step=2, metrics={})]
    return web.json_response(page(rows if job["fine_tuned_model"] else [], {}))


async def _cancel(request: web.Request) -> web.Response:
    host = request.app[_HOST]
    job = host.jobs[request.match_info["id"]]
    job["status"] = "cancelled"
    return web.json_response(shown(host, job))
