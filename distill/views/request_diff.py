"""Why an answer was not found again: what differs between two requests that a person took for one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.errors import UsageError
from distill.pipeline.arguments import project_at
from distill.records import Json
from distill.task import stores
from distill.teacher.store import queries
from distill.teacher.store.queries import StoredRequest
from distill.views.explain import explain

_ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class KeyDifference:
    """One value of the two keys that differs, e.g. at `body.max_tokens`."""

    path: str
    a: Json
    b: Json


@dataclass(frozen=True, slots=True)
class RequestDiff:
    """The ids of two requests, and every part of their keys (endpoint, draw, body) that differs."""

    a: str
    b: str
    same: bool
    differences: Sequence[KeyDifference]


def differences(home: Path, one: str, two: str) -> RequestDiff:
    """What differs between two requests, each by its id or RUN:ROW; UsageError where one is unknown."""
    a, b = _request(home, one), _request(home, two)
    found = [KeyDifference(*parts) for parts in _differing(_key(a), _key(b), "")]
    return RequestDiff(a.request_id, b.request_id, a.request_id == b.request_id, found)


def _request(home: Path, name: str) -> StoredRequest:
    if ":" in name:
        run, _, row = name.rpartition(":")
        samples = explain(home, run, row).samples
        if not samples:
            raise UsageError(f"row {row!r} of run {run} has no answered request")
        name = samples[0].record["request_id"]
    with stores.reading(project_at(home)) as db:
        found = queries.stored_requests(db, name)
    if len(found) != 1:
        what = "no answered request begins" if not found else "several answered requests begin"
        raise UsageError(f"{what} with {name!r}; give a request id as `distill explain` shows it, or RUN:ROW")
    return found[0]


def _key(request: StoredRequest) -> dict[str, Json]:
    return {"endpoint": request.endpoint, "draw": request.draw, "body": json.loads(request.body)}


def _differing(a: Json, b: Json, path: str) -> Iterator[tuple[str, Json, Json]]:
    if isinstance(a, dict) and isinstance(b, dict):
        for name in sorted({*a, *b}):
            yield from _differing(a.get(name, _ABSENT), b.get(name, _ABSENT), f"{path}.{name}" if path else name)
    elif isinstance(a, list) and isinstance(b, list):
        for index in range(max(len(a), len(b))):
            left, right = (side[index] if index < len(side) else _ABSENT for side in (a, b))
            yield from _differing(left, right, f"{path}[{index}]")
    elif a != b or type(a) is not type(b):
        yield path, a, b
