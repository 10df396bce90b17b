"""POST, GET /files · GET, DELETE /files/{id} · GET /files/{id}/content"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from distill.host.access.multipart import received
from distill.host.access.quota import DiskQuota
from distill.host.host import Host
from distill.host.state import files
from distill.host.state.files import HostedFile
from distill.protocol.error import ApiError, not_found
from distill.protocol.file import MONTH_S, checked_purpose, deleted, file_object, lasts_s
from distill.protocol.page import page
from distill.records import Json

_PAGE = 10_000
_PIECE = 256 << 10


async def upload(request: Request) -> Response:
    """Keep a file; it is there for good once this is answered."""
    host: Host = request.app.state.host
    quota: DiskQuota = request.app.state.quota
    async with received(request, files.aside(host.home), file_field="file", quota=quota) as form:
        purpose = checked_purpose(form.fields.get("purpose"))
        lasts = lasts_s(_expiry(form.fields))
        check_file(form.filename, purpose, form.size)
        usual = MONTH_S if purpose == "batch" else None
        made = await asyncio.to_thread(
            files.add, host.db, host.home, form.filename, purpose, form.path, lasts_s=lasts or usual
        )
    return JSONResponse(shown(made))


def check_file(filename: str, purpose: str, size: int) -> None:
    """ApiError for a file that its purpose cannot use."""
    if purpose in ("batch", "fine-tune") and not size:
        raise ApiError("File is empty.", param="file")
    if purpose == "batch" and not filename.endswith(".jsonl"):
        raise ApiError("Invalid file format for Batch API. Must be .jsonl", param="file")
    if len(filename) > 1000:
        raise ApiError(f"The name of the file has {len(filename)} characters; the most is 1000.", param="file")


def shown(file: HostedFile) -> dict[str, Json]:
    """The file object of a file."""
    return file_object(
        identity=file.id, filename=file.filename, purpose=file.purpose, size=file.bytes, created_at=file.created_at,
        expires_at=file.expires_at,
    )  # fmt: skip


def listed(request: Request) -> Response:
    """The files that are there, in pages."""
    host: Host = request.app.state.host
    order = request.query_params.get("order", "desc")
    if order not in ("asc", "desc"):
        raise ApiError(f"order is {order!r}: expected 'asc' or 'desc'", param="order")
    found = files.every(host.db, purpose=request.query_params.get("purpose"), oldest_first=order == "asc")
    rows = [shown(file) for file in found]
    return JSONResponse(page(rows, request.query_params, usual=_PAGE, most=_PAGE))


def retrieve(request: Request) -> Response:
    """One file's object."""
    return JSONResponse(shown(_file(request)))


def content(request: Request) -> Response:
    """A file's bytes; a delete meanwhile does not cut them."""
    host: Host = request.app.state.host
    file = _file(request)
    try:
        held = files.path(host.home, file.id).open("rb")
    except FileNotFoundError:  # deleted since we looked
        raise not_found("File", file.id) from None
    headers = {"content-length": str(file.bytes), "content-disposition": "attachment"}
    return StreamingResponse(_pieces(held), media_type="application/octet-stream", headers=headers)


def _pieces(held: BinaryIO) -> Iterator[bytes]:
    with held:
        while piece := held.read(_PIECE):
            yield piece


def delete(request: Request) -> Response:
    """Delete a file."""
    host: Host = request.app.state.host
    file = _file(request)
    if not files.delete(host.db, host.home, file.id):
        raise not_found("File", file.id)
    return JSONResponse(deleted(file.id))


def _file(request: Request) -> HostedFile:
    host: Host = request.app.state.host
    name = request.path_params["file_id"]
    if (file := files.get(host.db, name)) is None:
        raise not_found("File", name)
    return file


def _expiry(fields: Mapping[str, str]) -> Json:
    """`expires_after` of a form, whose parts are fields of their own."""
    anchor, seconds = fields.get("expires_after[anchor]"), fields.get("expires_after[seconds]")
    if anchor is None and seconds is None:
        return None
    return {"anchor": anchor or "created_at", "seconds": seconds or ""}


ROUTES = [
    Route("/files", upload, methods=["POST"]),
    Route("/files", listed, methods=["GET"]),
    Route("/files/{file_id}", retrieve, methods=["GET"]),
    Route("/files/{file_id}", delete, methods=["DELETE"]),
    Route("/files/{file_id}/content", content, methods=["GET"]),
]
