"""Files, batches, the ledger and the clock over HTTP, in OpenAI's shapes and with its refusals.

POST /v1/files · GET /v1/files · GET, DELETE /v1/files/{id} · GET /v1/files/{id}/content
POST /v1/batches · GET /v1/batches · GET /v1/batches/{id} · POST /v1/batches/{id}/cancel
GET /ledger            counts, the bill of each batch, how often each key was billed; `?entries=1` every entry too
GET /clock · POST /clock {"step_s": 3600}      the time here, and moving it on
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

import orjson

from distill.protocol.error import ApiError, not_found
from distill.protocol.file import MONTH_S, checked_purpose, deleted, lasts_s
from distill.protocol.page import page
from distill.records import Json
from distill.testing.batch import faults
from distill.testing.batch.files import BadUpload, File, content, form
from distill.testing.batch.states import BatchStates, ServedBatch
from distill.testing.faults import HttpReply, http
from distill.testing.http_connection import Call

ENDPOINTS = ("/v1/chat/completions", "/v1/responses")


def answer(states: BatchStates, call: Call, *, key: str | None) -> HttpReply:
    """The reply to anything that is no completion; `key` is the only one taken, where given."""
    try:
        return _routed(states, call, key)
    except ApiError as refused:
        return _json(refused.body, status=refused.status)


def _routed(states: BatchStates, call: Call, key: str | None) -> HttpReply:
    url = urlsplit(call.path)
    query = dict(parse_qsl(url.query))
    match (call.method, *url.path.strip("/").split("/")):
        case ("GET", "ledger"):
            return _json(_ledger(states, entries="entries" in query))
        case (_, "clock"):
            return _json(_clock(states, call))
        case _ if key is not None and call.headers.get("authorization") != f"Bearer {key}":
            raise ApiError("Incorrect API key provided", status=401, code="invalid_api_key")
        case (_, "v1", "files", *rest):
            return _files(states, call, rest, query)
        case (_, "v1", "batches", *rest):
            return _batches(states, call, rest, query)
    raise ApiError("no such path", status=404, code="not_found")


def _json(value: Json, *, status: int = 200) -> HttpReply:
    return HttpReply(status, (http(status, orjson.dumps(value)),))


def _ledger(states: BatchStates, *, entries: bool) -> dict[str, Json]:
    states.advance()
    ledger = states.ledger
    status = {name: batch.status for name, batch in states.batches.items()}
    bills = [orjson.loads(orjson.dumps(bill)) | {"status": status[bill.batch]} for bill in ledger.bills.values()]
    told = {"summary": ledger.summary(), "batches": bills, "billed": dict(ledger.billed)}
    return {**told, "entries": ledger.entries} if entries else told


def _clock(states: BatchStates, call: Call) -> dict[str, Json]:
    if call.method == "POST":
        step = _object(call).get("step_s")
        if not isinstance(step, int | float) or step < 0:
            raise ApiError("step_s must be seconds to move on by", param="step_s")
        states.clock.step(step)
    return {"now": states.clock.now(), "hurry": states.clock.hurry}


def _object(call: Call) -> dict[str, Json]:
    try:
        found = orjson.loads(call.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ApiError("We could not parse the JSON body of your request.")
    return found


def _files(states: BatchStates, call: Call, rest: list[str], query: Mapping[str, str]) -> HttpReply:
    match (call.method, *rest):
        case ("POST",):
            return _upload(states, call)
        case ("GET",):
            shown = [file.shown() for file in states.files.newest_first(query.get("purpose"))]
            return _json(page(shown[::-1] if query.get("order") == "asc" else shown, query, most=10_000, usual=10_000))
        case ("GET", name):
            return _shown(_file(states, name))
        case ("GET", name, "content"):
            return _content(_file(states, name))
        case ("DELETE", name):
            _file(states, name)
            states.files.delete(name)
            return _json(deleted(name))
    raise ApiError("no such path", status=404, code="not_found")


def _file(states: BatchStates, name: str) -> File:
    states.advance()
    if (file := states.files.get(name)) is None:
        raise not_found("File", name)
    return file


def _upload(states: BatchStates, call: Call) -> HttpReply:
    try:
        given = form(call.body, call.headers.get("content-type", ""))
    except BadUpload as fault:
        raise ApiError(str(fault)) from None
    purpose = checked_purpose(given.fields.get("purpose"))
    if len(given.data) > states.script.most_bytes and purpose == "batch":
        message = f"The file has {len(given.data)} bytes; the most that a batch can have is {states.script.most_bytes}."
        raise ApiError(message, status=413, code="file_too_large", param="file")
    if purpose == "batch" and not given.name.endswith(".jsonl"):
        raise ApiError("Invalid file format for Batch API. Must be .jsonl")
    usual = MONTH_S if purpose == "batch" else None
    lasts = lasts_s(given.fields.get("expires_after[seconds]")) or usual
    file = states.files.add(given.name, purpose, given.data, at=states.clock.now(), lasts_s=lasts)
    uploads = states.files.uploads = states.files.uploads + 1
    met = faults.met(states.script.batch_faults, uploads, states.seed)
    file.pending = faults.PENDING_LOOKS if "pending-file" in met else 0
    if "upload-lost" in met:
        return HttpReply(200, (), "close")
    return _json(file.shown())


def _shown(file: File) -> HttpReply:
    """A file; one that is pending is read after some looks."""
    reply = _json(file.shown())
    file.pending = max(0, file.pending - 1)
    return reply


def _content(file: File) -> HttpReply:
    if file.gone:
        raise not_found("File", file.id)
    return content(file)


def _batches(states: BatchStates, call: Call, rest: list[str], query: Mapping[str, str]) -> HttpReply:
    match (call.method, *rest):
        case ("POST",):
            return _create(states, _object(call))
        case ("GET",):
            return _json(page([batch.shown() for batch in states.newest_first()], query))
        case ("GET", name):
            return _look(states, name)
        case ("POST", name, "cancel"):
            batch = _batch(states, name)
            if not states.cancel(batch):
                raise ApiError(f"Cannot cancel a batch with status '{batch.status}'.", status=409)
            return _json(batch.shown())
    raise ApiError("no such path", status=404, code="not_found")


def _batch(states: BatchStates, name: str) -> ServedBatch:
    batch = states.batches.get(name)
    if batch is None or batch.lost:
        raise ApiError(f"No batch found with id '{name}'.", status=404)
    return batch


def _look(states: BatchStates, name: str) -> HttpReply:
    if name in states.batches:
        states.batches[name].looks += 1
    batch = _batch(states, name)
    if batch.looks == faults.LOOK and "poll-500" in batch.met:
        raise ApiError("The server had an error", status=500)
    if batch.looks == faults.LOOK and "lost-once" in batch.met:
        raise ApiError(f"No batch found with id '{name}'.", status=404)
    states.advance()
    return _json(batch.shown())


def _create(states: BatchStates, given: Mapping[str, Json]) -> HttpReply:
    file = states.files.get(str(given.get("input_file_id")))
    if file is None or file.purpose != "batch":
        raise ApiError(f"Invalid input_file_id: {given.get('input_file_id')!r}", param="input_file_id")
    if file.pending:
        raise ApiError(f"The file {file.id} is not in the state Processed.", code="invalidPayload")
    if given.get("endpoint") not in ENDPOINTS:
        raise ApiError(f"{given.get('endpoint')!r} is not one of {', '.join(ENDPOINTS)}", param="endpoint")
    if given.get("completion_window") != "24h":
        raise ApiError("completion_window must be '24h'", param="completion_window")
    batch = states.create(
        file, endpoint=given["endpoint"], window="24h", metadata=_metadata(given.get("metadata")),
        lasts_s=lasts_s(given.get("output_expires_after"), "output_expires_after"),
    )  # fmt: skip
    if "create-lost" in batch.met:
        return HttpReply(200, (), "close")
    if "create-500" in batch.met:
        raise ApiError("The server had an error", status=500)
    return _json(batch.shown())


def _metadata(given: Json) -> dict[str, str] | None:
    """At most 16 pairs, keys to 64 and values to 512 characters."""
    if given is None:
        return None
    sound = isinstance(given, dict) and len(given) <= 16
    if not sound or any(
        len(key) > 64 or not isinstance(value, str) or len(value) > 512 for key, value in given.items()
    ):
        raise ApiError("metadata takes 16 pairs of strings, keys to 64 and values to 512 characters", param="metadata")
    return dict(given)
