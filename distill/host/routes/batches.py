"""POST, GET /batches · GET /batches/{id} · POST /batches/{id}/cancel"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from distill.host.access.json_body import json_object
from distill.host.host import Host
from distill.host.serving.answers.answerer import ROUTES as ENDPOINTS
from distill.host.serving.calls import parameters
from distill.host.state import batches, files
from distill.host.state.batches import Batch
from distill.protocol import batch as shapes
from distill.protocol.error import ApiError, not_found
from distill.protocol.file import MONTH_S, lasts_s
from distill.protocol.page import page
from distill.records import Json

_NAMES = ("input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after")


async def create(request: Request) -> Response:
    """A new batch over an uploaded file; its lines are checked in the background."""
    host: Host = request.app.state.host
    body = await json_object(request)
    parameters.known(body, _NAMES)
    if (missing := next((name for name in _NAMES[:3] if body.get(name) is None), None)) is not None:
        raise parameters.missing(missing)
    endpoint, window, file_id = (
        parameters.text(body, name) for name in ("endpoint", "completion_window", "input_file_id")
    )
    if endpoint not in ENDPOINTS:
        told = f"Invalid value: {endpoint!r}. Supported values are: {', '.join(map(repr, ENDPOINTS))}."
        raise ApiError(told, code="invalid_value", param="endpoint")
    if window != "24h":
        raise ApiError(
            f"Invalid value: {window!r}. Supported values are: '24h'.", code="invalid_value", param="completion_window"
        )
    file = files.get(host.db, file_id or "")
    if file is None:
        raise not_found("File", file_id or "")
    if file.purpose != "batch":
        told = f"The file {file_id} has the purpose '{file.purpose}'; a batch reads one that was uploaded for 'batch'."
        raise ApiError(told, code="invalid_purpose", param="input_file_id")
    made = batches.create(
        host.db, endpoint=endpoint, input_file_id=file.id, metadata=_metadata(body),
        output_lasts_s=lasts_s(body.get("output_expires_after"), "output_expires_after") or MONTH_S,
    )  # fmt: skip
    return JSONResponse(shown(made))


def listed(request: Request) -> Response:
    """All batches, newest first, in pages."""
    host: Host = request.app.state.host
    return JSONResponse(page([shown(one) for one in batches.every(host.db)], request.query_params))


def retrieve(request: Request) -> Response:
    """One batch."""
    return JSONResponse(shown(_batch(request)))


def cancel(request: Request) -> Response:
    """Begin to cancel; what is answered stays, and stands in the output file."""
    host: Host = request.app.state.host
    batch = _batch(request)
    moved = batches.move(host.db, batch.id, "cancelling", of=("validating", "in_progress"))
    if not moved and batch.status not in ("cancelling", "cancelled"):
        raise ApiError(f"Cannot cancel a batch with status '{batch.status}'.", status=409)
    return JSONResponse(shown(_batch(request)))


def shown(batch: Batch) -> dict[str, Json]:
    """The batch object."""
    return shapes.BatchObject(
        identity=batch.id, endpoint=batch.endpoint, model=batch.model, input_file_id=batch.input_file_id, window="24h",
        status=batch.status, created_at=batch.created_at, times=batch.times, counts=(batch.total, batch.completed, batch.failed),
        tokens=(batch.input_tokens, batch.output_tokens), errors=batch.errors, output_file_id=batch.output_file_id,
        error_file_id=batch.error_file_id, metadata=batch.metadata,
    ).as_json()  # fmt: skip


def _batch(request: Request) -> Batch:
    host: Host = request.app.state.host
    name = request.path_params["batch"]
    if (found := batches.get(host.db, name)) is None:
        raise not_found("Batch", name)
    return found


def _metadata(body: Mapping[str, Json]) -> dict[str, str] | None:
    given = body.get("metadata")
    if given is None:
        return None
    sound = isinstance(given, Mapping) and len(given) <= 16
    if not sound or not all(
        isinstance(value, str) and len(value) <= 512 and len(key) <= 64 for key, value in given.items()
    ):
        raise ApiError(
            "Invalid 'metadata': expected up to 16 pairs of texts, keys of 64 and values of 512 characters at most.",
            param="metadata",
        )
    return dict(given)


ROUTES = [
    Route("/batches", create, methods=["POST"]),
    Route("/batches", listed, methods=["GET"]),
    Route("/batches/{batch}", retrieve, methods=["GET"]),
    Route("/batches/{batch}/cancel", cancel, methods=["POST"]),
]
