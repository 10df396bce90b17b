"""POST /uploads · POST /uploads/{id}/parts · POST /uploads/{id}/complete · POST /uploads/{id}/cancel"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from distill.host.access.json_body import json_object
from distill.host.access.multipart import received
from distill.host.access.quota import DiskQuota
from distill.host.host import Host
from distill.host.routes.files import check_file, shown
from distill.host.state import files, uploads
from distill.host.state.uploads import BadParts, Upload
from distill.protocol.error import ApiError, not_found
from distill.protocol.file import MONTH_S, checked_purpose, lasts_s, part_object, upload_object
from distill.records import Json

_MOST_PARTS = 10_000


async def create(request: Request) -> Response:
    """Open an upload."""
    host: Host = request.app.state.host
    quota: DiskQuota = request.app.state.quota
    body = await json_object(request)
    filename, size = _text(body, "filename"), body.get("bytes")
    _text(body, "mime_type")
    purpose, lasts = checked_purpose(body.get("purpose")), lasts_s(body.get("expires_after"))
    if not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= host.settings.upload_bytes:
        raise ApiError(f"bytes is {size!r}: expected 1 to {host.settings.upload_bytes:,}", param="bytes")
    check_file(filename, purpose, size)
    quota.check(size)
    usual = MONTH_S if purpose == "batch" else None
    made = uploads.create(host.db, filename=filename, purpose=purpose, size=size, lasts_s=lasts or usual)
    return JSONResponse(_shown(host, made))


async def add_part(request: Request) -> Response:
    """Keep a part."""
    host: Host = request.app.state.host
    quota: DiskQuota = request.app.state.quota
    upload = _open(request)
    async with received(request, files.aside(host.home), file_field="data", quota=quota) as form:
        held = uploads.parts_of(host.db, upload.id)
        if len(held) >= _MOST_PARTS or sum(part.bytes for part in held) + form.size > upload.bytes:
            raise ApiError(
                f"The parts would have more than the {upload.bytes} bytes that were announced.", param="data"
            )
        part = await asyncio.to_thread(uploads.add_part, host.db, host.home, upload, form.path)
    if part is None:
        raise _ended(upload.id)
    return JSONResponse(part_object(identity=part.id, upload_id=upload.id, created_at=part.created_at))


async def complete(request: Request) -> Response:
    """Make the file of the parts."""
    host: Host = request.app.state.host
    upload, body = _open(request), await json_object(request)
    part_ids, md5 = body.get("part_ids"), body.get("md5")
    if not isinstance(part_ids, list) or not all(isinstance(one, str) for one in part_ids):
        raise ApiError("part_ids has to be a list of the ids of parts", param="part_ids")
    if md5 is not None and not isinstance(md5, str):
        raise ApiError("md5 has to be a string", param="md5")
    try:
        made = await asyncio.to_thread(uploads.complete, host.db, host.home, upload, part_ids, md5)
    except BadParts as fault:
        raise ApiError(str(fault), param="part_ids") from None
    if made is None:
        raise _ended(upload.id)
    return JSONResponse(_shown(host, _upload(host, upload.id)))


def cancel(request: Request) -> Response:
    """End an upload without a file."""
    host: Host = request.app.state.host
    upload = _open(request)
    if not uploads.cancel(host.db, host.home, upload.id):
        raise _ended(upload.id)
    return JSONResponse(_shown(host, _upload(host, upload.id)))


def _open(request: Request) -> Upload:
    host: Host = request.app.state.host
    uploads.expire(host.db, host.home)
    upload = _upload(host, request.path_params["upload_id"])
    if upload.status != "pending":
        raise ApiError(f"The upload {upload.id} is {upload.status}; it takes no more.", param="upload_id")
    return upload


def _upload(host: Host, name: str) -> Upload:
    if (upload := uploads.get(host.db, name)) is None:
        raise not_found("Upload", name)
    return upload


def _ended(name: str) -> ApiError:
    return ApiError(f"The upload {name} has ended meanwhile; it takes no more.", param="upload_id")


def _shown(host: Host, upload: Upload) -> dict[str, Json]:
    made = files.get(host.db, upload.file_id) if upload.file_id is not None else None
    return upload_object(
        identity=upload.id, filename=upload.filename, purpose=upload.purpose, size=upload.bytes, created_at=upload.created_at,
        expires_at=upload.expires_at, status=upload.status, file=None if made is None else shown(made),
    )  # fmt: skip


def _text(body: dict[str, Json], name: str) -> str:
    given = body.get(name)
    if isinstance(given, str) and given:
        return given
    raise ApiError(f"{name} is {given!r}: expected a string", param=name)


ROUTES = [
    Route("/uploads", create, methods=["POST"]),
    Route("/uploads/{upload_id}/parts", add_part, methods=["POST"]),
    Route("/uploads/{upload_id}/complete", complete, methods=["POST"]),
    Route("/uploads/{upload_id}/cancel", cancel, methods=["POST"]),
]
