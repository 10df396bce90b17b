"""Requests into the input file of one batch: a line each, within what a host takes.

    {"custom_id": "<request id>-<draw>", "method": "POST", "url": "/v1/chat/completions", "body": {…}}

The file stays here until the batch is collected: the answers are matched with what was really sent, whatever became of
the spec meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import orjson

from distill.records import Json, Request, canonical
from distill.text.normalise import one_line

_BODY = b',"body":'


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """What one batch may hold: rows, bytes of the file, and prompt tokens, where the host limits them."""

    rows: int = 50_000
    bytes: int = 200_000_000
    tokens: int | None = None


def line(request: Request, url: str) -> bytes:
    body = one_line(canonical(dict(request.body)))
    return f'{{"custom_id":"{request.id}-{request.draw}","method":"POST","url":"{url}","body":{body}}}\n'.encode()


def id_of(custom_id: str) -> str:
    return custom_id.partition("-")[0]


def stub(request_id: str, url: str) -> bytes:
    """The line of a request of which only the id is known, in the place of the one that was sent."""
    return f'{{"custom_id":"{request_id}-0","method":"POST","url":"{url}","body":{{}}}}\n'.encode()


class InputFileWriter:
    """An input file as it grows; `add` refuses what would pass a limit, `close` makes it durable."""

    def __init__(self, path: Path, limits: BatchLimits) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path, self._limits = path, limits
        self.rows: list[tuple[str, float]] = []
        """(request id, dollars reserved) of each row so far."""
        self.bytes = self.tokens = 0
        self.usd = 0.0
        self._file: BinaryIO = path.open("wb")

    def __enter__(self) -> InputFileWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.sync()
        self._file.close()

    def sync(self) -> None:
        """Bring what is written to the disk; it takes a while for a large file."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def add(self, request: Request, url: str, *, tokens: int, usd: float) -> bool:
        """Write the row, or return False where it no longer fits; a single row always does, and the host has the word."""
        data, limits = line(request, url), self._limits
        full = len(self.rows) >= limits.rows or self.bytes + len(data) > limits.bytes
        if self.rows and (full or (limits.tokens is not None and self.tokens + tokens > limits.tokens)):
            return False
        self._file.write(data)
        self.rows.append((request.id, usd))
        self.bytes += len(data)
        self.tokens += tokens
        self.usd += usd
        return True


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One row as it was sent: what `reply` must know of a request, and what the store keeps of it."""

    id: str
    draw: int
    body: bytes = field(repr=False)

    @property
    def turns(self) -> list[dict[str, Json]]:
        """The conversation; read from the body only where it is needed."""
        body = read(self.body)
        return list(body.get("messages") or body.get("input") or [])

    @property
    def request(self) -> str:
        """The body as a live call's is kept: in one spelling, with no escapes for readers of lines."""
        # orjson would make a float of a huge integer
        return canonical(json.loads(self.body)) if b"\\u" in self.body else self.body.decode()


def read(raw: bytes | bytearray | memoryview) -> Json:
    """A JSON value; orjson is strict about half an emoji, which prompts and models do have. ValueError where it is none."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        try:
            return json.loads(bytes(raw).decode("utf-8", "surrogatepass"))
        except RecursionError:
            raise ValueError("nested without end") from None


class InputFileReader:
    """The rows of an input file, by custom_id and by line, without holding them in memory."""

    def __init__(self, data: mmap.mmap | bytes) -> None:
        self._data = data
        self._spans: dict[str, tuple[int, int]] = {}
        self.order: list[str] = []
        at = 0
        while at < len(data):
            end = data.find(b"\n", at)
            end = end if end >= 0 else len(data)  # a host may give the file back without its last newline
            head = data.find(_BODY, at, end)
            custom_id = data[at + 14 : data.find(b'"', at + 14, end)].decode()
            self._spans[custom_id] = (head + len(_BODY), end - 1)
            self.order.append(custom_id)
            at = end + 1

    def __contains__(self, custom_id: object) -> bool:
        return custom_id in self._spans

    def __getitem__(self, custom_id: str) -> BatchRow:
        start, end = self._spans[custom_id]
        request, _, draw = custom_id.partition("-")
        return BatchRow(request, int(draw), self._data[start:end])


@asynccontextmanager
async def reading(path: Path) -> AsyncIterator[InputFileReader]:
    """The reader of an input file, mapped and not loaded; 50,000 rows are looked through beside the event loop."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield await asyncio.to_thread(InputFileReader, data)
