"""Files, batches, the ledger and the clock over HTTP, in OpenAI's shapes and with its refusals.

POST /v1/files · GET /v1/files · GET, DELETE /v1/files/{id} · GET /v1/files/{id}/content
POST /v1/batches · GET /v1/batches · GET /v1/batches/{id} · POST /v1/batches/{id}/cancel
GET /ledger            counts, the bill of each batch, how often each key was billed; `?entries=1` every entry too
GET /clock · POST /clock {"step_s": 3600}      the time here, and moving it on
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit

import orjson

from distill.records import Json
from distill.testing.batch import faults
from distill.testing.batch.files import MONTH_S, BadUpload, File, content, form
from distill.testing.batch.states import BatchStates, ServedBatch
from distill.testing.faults import HttpReply, http
from distill.testing.http_connection import Call

ENDPOINTS = ("/v1/chat/completions", "/v1/responses")


class _Refused(Exception):
    """A reply that is an error."""

    def __init__(self, message: str, *, status: int = 400, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        kind = "server_error" if status >= 500 else "invalid_request_error"
        self.status = status
        self.error = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def answer(states: BatchStates, call: Call, *, key: str | None) -> HttpReply:
    """The reply to anything that is no completion; `key` is the only one taken, where given."""
    try:
        return _routed(states, call, key)
    except _Refused as refused:
        return _json(refused.error, status=refused.status)


def _routed(states: BatchStates, call: Call, key: str | None) -> HttpReply:
    url = urlsplit(call.path)
    query = dict(parse_qsl(url.query))
    match (call.method, *url.path.strip("/").split("/")):
        case ("GET", "ledger"):
            return _json(_ledger(states, entries="entries" in query))
        case (_, "clock"):
            return _json(_clock(states, call))
        case _ if key is not None and call.headers.get("authorization") != f"Bearer {key}":
            raise _Refused("Incorrect API key provided", status=401, code="invalid_api_key")
        case (_, "v1", "files", *rest):
            return _files(states, call, rest, query)
        case (_, "v1", "batches", *rest):
            return _batches(states, call, rest, query)
    raise _Refused("no such path", status=404, code="not_found")


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
            raise _Refused("step_s must be seconds to move on by", param="step_s")
        states.clock.step(step)
    return {"now": states.clock.now(), "hurry": states.clock.hurry}


def _object(call: Call) -> dict[str, Json]:
    try:
        found = orjson.loads(call.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _Refused("We could not parse the JSON body of your request.")
    return found


def _files(states: BatchStates, call: Call, rest: list[str], query: Mapping[str, str]) -> HttpReply:
    match (call.method, *rest):
        case ("POST",):
            return _upload(states, call)
        case ("GET",):
            shown = states.files.newest_first(query.get("purpose"))
            return _page(shown[::-1] if query.get("order") == "asc" else shown, query, most=10_000, usual=10_000)
        case ("GET", name):
            return _shown(_file(states, name))
        case ("GET", name, "content"):
            return _content(_file(states, name))
        case ("DELETE", name):
            _file(states, name)
            return _json({"id": name, "object": "file", "deleted": states.files.delete(name)})
    raise _Refused("no such path", status=404, code="not_found")


def _file(states: BatchStates, name: str) -> File:
    states.advance()
    if (file := states.files.get(name)) is None:
        raise _Refused(f"No such File object: {name}", status=404, param="id")
    return file


def _upload(states: BatchStates, call: Call) -> HttpReply:
    try:
        given = form(call.body, call.headers.get("content-type", ""))
    except BadUpload as fault:
        raise _Refused(str(fault)) from None
    purpose = given.fields.get("purpose", "")
    if purpose not in ("batch", "fine-tune", "user_data", "evals", "assistants", "vision"):
        raise _Refused(f"{purpose!r} is not one of the purposes", param="purpose")
    if len(given.data) > states.script.most_bytes and purpose == "batch":
        message = f"The file has {len(given.data)} bytes; the most that a batch can have is {states.script.most_bytes}."
        raise _Refused(message, status=413, code="file_too_large", param="file")
    if purpose == "batch" and not given.name.endswith(".jsonl"):
        raise _Refused("Invalid file format for Batch API. Must be .jsonl")
    usual = MONTH_S if purpose == "batch" else None
    lasts = _lasts_s(given.fields.get("expires_after[seconds]"), "expires_after") or usual
    file = states.files.add(given.name, purpose, given.data, at=states.clock.now(), lasts_s=lasts)
    uploads = states.files.uploads = states.files.uploads + 1
    met = faults.met(states.script.batch_faults, uploads, states.seed)
    file.pending = faults.PENDING_LOOKS if "pending-file" in met else 0
    if "upload-lost" in met:
        return HttpReply(200, (), "close")
    return _json(file.shown())


def _lasts_s(given: Json, param: str) -> float | None:
    """From an hour to 30 days; None where nothing is given."""
    if given is None:
        return None
    if not str(given).isdigit() or not 3600 <= int(given) <= MONTH_S:
        raise _Refused(f"{param} takes from 3600 to {MONTH_S:.0f} seconds", param=param)
    return float(given)


def _shown(file: File) -> HttpReply:
    """A file; one that is pending is read after some looks."""
    reply = _json(file.shown())
    file.pending = max(0, file.pending - 1)
    return reply


def _content(file: File) -> HttpReply:
    if file.gone:
        raise _Refused(f"No such File object: {file.id}", status=404, param="id")
    return content(file)


def _batches(states: BatchStates, call: Call, rest: list[str], query: Mapping[str, str]) -> HttpReply:
    match (call.method, *rest):
        case ("POST",):
            return _create(states, _object(call))
        case ("GET",):
            return _page(states.newest_first(), query, most=100, usual=20)
        case ("GET", name):
            return _look(states, name)
        case ("POST", name, "cancel"):
            batch = _batch(states, name)
            if not states.cancel(batch):
                raise _Refused(f"Cannot cancel a batch with status '{batch.status}'.", status=409)
            return _json(batch.shown())
    raise _Refused("no such path", status=404, code="not_found")


def _batch(states: BatchStates, name: str) -> ServedBatch:
    batch = states.batches.get(name)
    if batch is None or batch.lost:
        raise _Refused(f"No batch found with id '{name}'.", status=404)
    return batch


def _look(states: BatchStates, name: str) -> HttpReply:
    if name in states.batches:
        states.batches[name].looks += 1
    batch = _batch(states, name)
    if batch.looks == faults.LOOK and "poll-500" in batch.met:
        raise _Refused("The server had an error", status=500)
    if batch.looks == faults.LOOK and "lost-once" in batch.met:
        raise _Refused(f"No batch found with id '{name}'.", status=404)
    states.advance()
    return _json(batch.shown())


def _create(states: BatchStates, given: Mapping[str, Json]) -> HttpReply:
    file = states.files.get(str(given.get("input_file_id")))
    if file is None or file.purpose != "batch":
        raise _Refused(f"Invalid input_file_id: {given.get('input_file_id')!r}", param="input_file_id")
    if file.pending:
        raise _Refused(f"The file {file.id} is not in the state Processed.", code="invalidPayload")
    if given.get("endpoint") not in ENDPOINTS:
        raise _Refused(f"{given.get('endpoint')!r} is not one of {', '.join(ENDPOINTS)}", param="endpoint")
    if given.get("completion_window") != "24h":
        raise _Refused("completion_window must be '24h'", param="completion_window")
    expiry = given.get("output_expires_after")
    batch = states.create(
        file, endpoint=given["endpoint"], window="24h", metadata=_metadata(given.get("metadata")),
        lasts_s=_lasts_s(expiry.get("seconds") if isinstance(expiry, dict) else expiry, "output_expires_after"),
    )  # fmt: skip
    if "create-lost" in batch.met:
        return HttpReply(200, (), "close")
    if "create-500" in batch.met:
        raise _Refused("The server had an error", status=500)
    return _json(batch.shown())


def _metadata(given: Json) -> dict[str, str] | None:
    """At most 16 pairs, keys to 64 and values to 512 characters."""
    if given is None:
        return None
    sound = isinstance(given, dict) and len(given) <= 16
    if not sound or any(
        len(key) > 64 or not isinstance(value, str) or len(value) > 512 for key, value in given.items()
    ):
        raise _Refused("metadata takes 16 pairs of strings, keys to 64 and values to 512 characters", param="metadata")
    return dict(given)


def _page(
    shown: Sequence[File] | Sequence[ServedBatch], query: Mapping[str, str], *, most: int, usual: int
) -> HttpReply:
    """A page after the object named `after`."""
    limit = query.get("limit", str(usual))
    if not limit.isdigit() or not 1 <= int(limit) <= most:
        raise _Refused(f"limit must be between 1 and {most}", param="limit")
    names = [one.id for one in shown]
    if (after := query.get("after")) is not None and after not in names:
        raise _Refused(f"No object with id '{after}' to list after.", param="after")
    start = names.index(after) + 1 if after is not None else 0
    page = [one.shown() for one in shown[start : start + int(limit)]]
    ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": None, "last_id": None}
    return _json({"object": "list", "data": page, **ends, "has_more": start + len(page) < len(names)})
