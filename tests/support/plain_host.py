"""A batch host that leaves out what OpenAI's has: counts, sizes, metadata, an order of its list, a length of its downloads.

Written apart from the fault server, over aiohttp, so that the two do not share a misunderstanding. A batch is done at its
second look.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(slots=True)
class PlainHost:
    """`counts`: right, null, zero, absent or all (every row is counted as completed); `cut`: how its first `cuts` downloads end."""

    counts: str = "right"
    sizes: bool = True
    metadata: bool = True
    oldest_first: bool = False
    page: int = 100
    same_page: bool = False
    lists: bool = True
    words: dict[str, str] = field(default_factory=dict)
    cut: str = ""
    cuts: int = 1
    share: float = 0.6
    pending: int = 0
    unread_word: str = "pending"
    loses: int = 0
    """Rows that are billed and in no file."""
    lost_create: bool = False
    garbled: tuple[bytes, str] | None = None
    """Body and type of the reply to a create, instead of a closed line."""
    unhurried: int = 1
    """Looks that find a batch in progress."""
    base_url: str = ""
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    batches: list[dict[str, Any]] = field(default_factory=list)
    billed: Counter[str] = field(default_factory=Counter)
    uploads: int = 0
    refused_creates: int = 0
    downloads: int = 0
    deleted: list[str] = field(default_factory=list)
    gone: bool = False
    looked: Callable[[], None] = lambda: None


_HOST = web.AppKey("host", PlainHost)


@asynccontextmanager
async def serve(**how: Any) -> AsyncIterator[PlainHost]:
    host = PlainHost(**how)
    app = web.Application(client_max_size=1 << 26)
    app[_HOST] = host
    app.add_routes(
        [
            web.post("/v1/files", _upload), web.get("/v1/files", _files), web.get("/v1/files/{id}", _file),
            web.get("/v1/files/{id}/content", _content), web.delete("/v1/files/{id}", _delete),
            web.post("/v1/batches", _create), web.get("/v1/batches", _list), web.get("/v1/batches/{id}", _batch),
            web.post("/v1/batches/{id}/cancel", _batch),
        ]
    )  # fmt: skip
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield host
    finally:
        await runner.cleanup()


def _refused(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "code": "invalidPayload"}}, status=status)


def _add(host: PlainHost, data: bytes, name: str) -> str:
    file_id = f"file-{len(host.files) + 1}"
    host.files[file_id] = {"id": file_id, "object": "file", "filename": name, "data": data, "pending": host.pending}
    return file_id


def _shown(host: PlainHost, file: dict[str, Any]) -> web.Response:
    told = {key: value for key, value in file.items() if key not in ("data", "pending")}
    if host.sizes:
        told["bytes"] = len(file["data"])
    if host.pending:
        told["status"] = host.unread_word if file["pending"] > 0 else "Processed"
    file["pending"] -= 1
    return web.json_response(told)


async def _upload(request: web.Request) -> web.Response:
    host, form = request.app[_HOST], await request.post()
    upload = form["file"]
    assert isinstance(upload, web.FileField)
    host.uploads += 1
    return _shown(host, host.files[_add(host, upload.file.read(), upload.filename)])


async def _files(request: web.Request) -> web.Response:
    return web.json_response({"data": []})


async def _file(request: web.Request) -> web.Response:
    host = request.app[_HOST]
    file = host.files.get(request.match_info["id"])
    return _shown(host, file) if file and host.sizes is not None else _refused(404, "no such file")


async def _delete(request: web.Request) -> web.Response:
    host = request.app[_HOST]
    host.deleted.append(request.match_info["id"])
    host.files.pop(request.match_info["id"], None)
    return web.json_response({"deleted": True})


async def _content(request: web.Request) -> web.StreamResponse:
    host = request.app[_HOST]
    file = host.files.get(request.match_info["id"])
    output = file is not None and file["filename"] == "output"
    if file is None or (host.gone and output):
        return _refused(404, "no such file")
    data = file["data"]
    host.downloads += output
    if not (host.cut and output and host.downloads <= host.cuts):
        return web.Response(body=data)
    return await _cut(host, request, data)


async def _cut(host: PlainHost, request: web.Request, data: bytes) -> web.StreamResponse:
    """`close`: the line closes and there was no length; `line`: the same at the end of a line; `gzip`: a part of the packed
    body; `chunked`: the last chunk is missing."""
    if host.cut == "gzip":
        packed = gzip.compress(data)
        return web.Response(body=packed[: int(len(packed) * host.share)], headers={"content-encoding": "gzip"})
    part = data[: int(len(data) * host.share)]
    part = part[: part.rfind(b"\n") + 1] if host.cut == "line" else part
    reply = web.StreamResponse(headers={"connection": "close"})
    reply.force_close()
    transport = request.transport
    assert transport is not None
    if host.cut == "chunked":
        part = b"%x\r\n%s\r\n" % (len(part), part)
    how = b"transfer-encoding: chunked" if host.cut == "chunked" else b"connection: close"
    transport.write(b"HTTP/1.1 200 OK\r\n" + how + b"\r\n\r\n" + part)
    transport.close()
    return reply


async def _create(request: web.Request) -> web.Response:
    host, body = request.app[_HOST], await request.json()
    file = host.files[body["input_file_id"]]
    if file["pending"] > 0:
        host.refused_creates += 1
        return _refused(400, f"The file {file['id']} is not in the state Processed.")
    batch = {
        "id": f"batch_{len(host.batches) + 1}", "object": "batch", "created_at": len(host.batches), "looks": 0,
        "input_file_id": body["input_file_id"], "status": "in_progress",
    }  # fmt: skip
    if host.metadata:
        batch["metadata"] = body["metadata"]
    host.batches.append(batch)
    if host.lost_create and host.garbled is not None:
        return web.Response(body=host.garbled[0], content_type=host.garbled[1])
    if host.lost_create and request.transport is not None:
        request.transport.close()
    return _told(host, batch)


def _told(host: PlainHost, batch: dict[str, Any]) -> web.Response:
    return web.json_response(_of(host, batch))


def _of(host: PlainHost, batch: dict[str, Any]) -> dict[str, Any]:
    told = {key: value for key, value in batch.items() if key not in ("looks", "done")}
    told["status"] = host.words.get(batch["status"], batch["status"])
    done, total = batch.get("done", 0), host.files[batch["input_file_id"]]["data"].count(b"\n") if done_by(batch) else 0
    counts = {"right": done, "zero": 0, "all": total}
    if host.counts != "absent":
        shown = None if host.counts == "null" else {"total": total, "completed": counts[host.counts], "failed": 0}
        told["request_counts"] = shown
    return told


def done_by(batch: dict[str, Any]) -> bool:
    return batch["status"] == "completed"


async def _batch(request: web.Request) -> web.Response:
    host = request.app[_HOST]
    batch = next((one for one in host.batches if one["id"] == request.match_info["id"]), None)
    if batch is None:
        return _refused(404, "no such batch")
    batch["looks"] += 1
    host.looked()
    if batch["looks"] > host.unhurried and batch["status"] == "in_progress":
        _finish(host, batch)
    return _told(host, batch)


def _finish(host: PlainHost, batch: dict[str, Any]) -> None:
    """Answer and bill every row."""
    lines = []
    for raw in host.files[batch["input_file_id"]]["data"].splitlines():
        row = json.loads(raw)
        host.billed[row["custom_id"]] += 1
        message = {"role": "assistant", "content": f"answer to {row['custom_id']}"}
        usage = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}
        body = {"object": "chat.completion", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}  # fmt: skip
        answer = {"status_code": 200, "request_id": "r", "body": body}
        lines.append(json.dumps({"custom_id": row["custom_id"], "response": answer, "error": None}).encode() + b"\n")
    batch |= {"status": "completed", "done": len(lines)}
    kept = lines[: len(lines) - host.loses]
    batch["output_file_id"] = _add(host, b"".join(kept), "output")


async def _list(request: web.Request) -> web.Response:
    host = request.app[_HOST]
    if not host.lists:
        return _refused(404, "no such path")
    if int(request.query.get("limit", "1")) > host.page:
        return _refused(400, f"limit must be at most {host.page}")
    shown = [_of(host, one) for one in (host.batches if host.oldest_first else reversed(host.batches))]
    names = [one["id"] for one in shown]
    after = request.query.get("after")
    start = 0 if after is None or host.same_page else names.index(after) + 1
    page = shown[start : start + host.page]
    return web.json_response({"data": page, "has_more": host.same_page or start + host.page < len(shown)})
