"""The requests of an input file, and every fault of it with its line.

{"custom_id": "row-7", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": [...]}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from distill.protocol.batch import fault
from distill.records import Json

MOST_ROWS = 50_000
MOST_BYTES = 200 * 10**6
_MOST_FAULTS = 100
"""Told of one file; a file of another kind has one in each line."""


@dataclass(frozen=True, slots=True)
class InputRow:
    """A request; numbers count from 1, as lines do."""

    number: int
    custom_id: str
    body: Mapping[str, Json]


@dataclass(slots=True)
class Checked:
    """A file that was read through; without faults, its one model and how many requests it has."""

    total: int = 0
    model: str | None = None
    faults: list[dict[str, Json]] = field(default_factory=list)


def rows(file: Path) -> Iterator[InputRow]:
    """The requests of a file that was checked."""
    for number, line in _lines(file):
        found = orjson.loads(line)
        yield InputRow(number, found["custom_id"], found["body"])


def checked(file: Path, endpoint: str) -> Checked:
    """Read a file through; what is wrong with it is said, not raised."""
    found, seen = Checked(), set[str]()
    if file.stat().st_size > MOST_BYTES:
        found.faults.append(
            fault(code="file_too_large", message=f"The input file is larger than {MOST_BYTES:,} bytes.")
        )
        return found
    for number, line in _lines(file):
        found.total += 1
        found.faults += _faults(line, number, endpoint, seen, found)
        if len(found.faults) >= _MOST_FAULTS:
            return found
    if not found.total:
        found.faults.append(fault(code="empty_file", message="The input file is empty."))
    if found.total > MOST_ROWS:
        told = f"The batch input file holds {found.total} requests; the most a batch can have is {MOST_ROWS}."
        found.faults.append(fault(code="too_many_tasks", message=told))
    return found


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not empty; they end at a line feed and nowhere else."""
    with file.open("rb") as read:
        for number, line in enumerate(read, 1):
            if line.strip():
                yield number, line


def _faults(line: bytes, number: int, endpoint: str, seen: set[str], file: Checked) -> Iterator[dict[str, Json]]:
    try:
        found = orjson.loads(line)
    except ValueError:
        yield fault(code="invalid_json_line", message="This line is not parseable as valid JSON.", line=number)
        return
    if (
        not isinstance(found, dict)
        or not isinstance(found.get("custom_id"), str)
        or not isinstance(found.get("body"), dict)
    ):
        told = "A line needs a custom_id, a method, a url and a body."
        yield fault(code="missing_required_parameter", message=told, line=number)
        return
    if found["custom_id"] in seen:
        told = f"The custom_id {found['custom_id']!r} is used in an earlier line; each must be unique."
        yield fault(code="duplicate_custom_id", message=told, line=number, param="custom_id")
    seen.add(found["custom_id"])
    if found.get("method") != "POST" or found.get("url") != endpoint:
        told = f"The method and url of a request must be POST {endpoint}, as the batch's."
        yield fault(code="url_mismatch", message=told, line=number, param="url")
    model = found["body"].get("model")
    if not isinstance(model, str):
        yield fault(
            code="missing_required_parameter", message="The body names no model.", line=number, param="body.model"
        )
    elif file.model not in (None, model):
        told = f"The model {model!r} is not {file.model!r}; all requests of a batch must have one model."
        yield fault(code="model_mismatch", message=told, line=number, param="body.model")
    elif file.model is None:
        file.model = model
