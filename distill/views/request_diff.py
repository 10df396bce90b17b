"""Why an answer was not found again: what differs between two requests that a person took for one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from distill.errors import UsageError
from distill.pipeline.open_task import home_of
from distill.views.explain import explain
from distill.views.status import Reader

_ABSENT = "(absent)"


def differences(home: Path, one: str, two: str) -> dict[str, Any]:
    """Every leaf of the two keys (endpoint, draw, body) that differs, as {path, a, b}; UsageError where one is unknown."""
    a, b = _key(home, one), _key(home, two)
    found = [{"path": path, "a": left, "b": right} for path, left, right in _differing(a["key"], b["key"], "")]
    return {
        "a": a["request_id"],
        "b": b["request_id"],
        "same": a["request_id"] == b["request_id"],
        "differences": found,
    }


def _key(home: Path, name: str) -> dict[str, Any]:
    if ":" in name:
        run, _, row = name.rpartition(":")
        samples = explain(home, run, row)["samples"]
        if not samples:
            raise UsageError(f"row {row!r} of run {run} has no answered request")
        name = samples[0]["request_id"]
    with Reader(home_of(home.resolve() / "x")) as db:
        query = (
            "SELECT request_id, endpoint, draw, request FROM answers WHERE request_id >= ? AND request_id < ? LIMIT 2"
        )
        rows = db.execute(query, (name, name + "g")).fetchall()
    if len(rows) != 1:
        what = "no answered request begins" if not rows else "several answered requests begin"
        raise UsageError(f"{what} with {name!r}; give a request id as `distill explain` shows it, or RUN:ROW")
    request_id, endpoint, draw, body = rows[0]
    return {"request_id": request_id, "key": {"endpoint": endpoint, "draw": draw, "body": json.loads(body)}}


def _differing(a: Any, b: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(a, dict) and isinstance(b, dict):
        for name in sorted({*a, *b}):
            yield from _differing(a.get(name, _ABSENT), b.get(name, _ABSENT), f"{path}.{name}" if path else name)
    elif isinstance(a, list) and isinstance(b, list):
        for index in range(max(len(a), len(b))):
            left, right = (side[index] if index < len(side) else _ABSENT for side in (a, b))
            yield from _differing(left, right, f"{path}[{index}]")
    elif a != b or type(a) is not type(b):
        yield path, a, b


def lines(result: dict[str, Any]) -> list[str]:
    """The differences for people; long texts are shown from where they part."""
    if result["same"]:
        return [f"one and the same request, {result['a']}: the answer of the first serves the second"]
    said = [f"{result['a']} and {result['b']} differ in {len(result['differences'])} parts of their keys"]
    for part in result["differences"]:
        a, b = (side if isinstance(side, str) else json.dumps(side) for side in (part["a"], part["b"]))
        at = max(0, next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))) - 20)
        dots = "…" if at else ""
        said += [f"  {part['path']}", f"    A: {dots}{a[at : at + 100]}", f"    B: {dots}{b[at : at + 100]}"]
    return said
