"""Files of the double: uploads and results by id, bytes held once, gone when deleted or past their date by the double's
own clock; a download comes whole, or cut in one of the ways in which real ones are."""

from __future__ import annotations

import gzip
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from distill.protocol.file import file_object
from distill.records import Json
from distill.testing.faults import HttpReply, http

CUTS = ("cut-download", "cut-silent", "cut-gzip")
"""The faults that spoil a download."""
_PIECE = 256 * 1024
_KIND = "application/octet-stream"


class BadUpload(ValueError):
    """An upload that is no multipart form of a file and its purpose."""


@dataclass(slots=True)
class Clock:
    """Unix seconds that pass `hurry` times as fast as real ones: 3600 makes eight hours pass in eight seconds; with 0 only
    `step` moves it."""

    hurry: float = 1.0
    _zero: float = field(default_factory=time.time)
    _began: float = field(default_factory=time.monotonic)

    def now(self) -> float:
        """Unix seconds, of this clock."""
        return self._zero + (time.monotonic() - self._began) * self.hurry

    def step(self, seconds: float) -> float:
        """Move on by so many of its seconds; returns the new time."""
        self._zero += seconds
        return self.now()


@dataclass(slots=True)
class File:
    """`cut` names the fault that the next download meets; `gone`: its content is a 404; `pending`: so many looks find it unread."""

    id: str
    name: str
    purpose: str
    data: bytearray
    created_at: float
    expires_at: float | None
    cut: str = ""
    cut_for_ever: bool = False
    gone: bool = False
    pending: int = 0

    def shown(self) -> dict[str, Json]:
        """As OpenAI's file object."""
        return file_object(
            identity=self.id, filename=self.name, purpose=self.purpose, size=len(self.data), created_at=self.created_at,
            expires_at=self.expires_at, status="PENDING" if self.pending else "processed",
        )  # fmt: skip


@dataclass(slots=True)
class Files:
    """Every file that is there; `uploads` counts what clients ever sent."""

    clock: Clock
    uploads: int = 0
    _by_id: dict[str, File] = field(default_factory=dict)

    def add(self, name: str, purpose: str, data: bytearray, *, at: float, lasts_s: float | None) -> File:
        """A file made at this time of the clock; it takes `data` over."""
        ends = None if lasts_s is None else at + lasts_s
        file = File(f"file-{uuid.uuid4().hex[:22]}", name, purpose, data, at, ends)
        self._by_id[file.id] = file
        return file

    def get(self, name: str) -> File | None:
        """The file of this id, None where there is none any more."""
        file = self._by_id.get(name)
        if file is not None and file.expires_at is not None and file.expires_at <= self.clock.now():
            del self._by_id[name]
            return None
        return file

    def delete(self, name: str) -> bool:
        """Whether there was one to delete."""
        return self._by_id.pop(name, None) is not None

    def newest_first(self, purpose: str | None = None) -> list[File]:
        """All that are there, of one purpose where it is given."""
        there = [file for name in reversed(self._by_id.copy()) if (file := self.get(name)) is not None]
        return [file for file in there if purpose in (None, file.purpose)]


@dataclass(frozen=True, slots=True)
class UploadForm:
    """What an upload said: small fields as text, and the file's name and bytes."""

    fields: dict[str, str]
    name: str
    data: bytearray


def form(body: bytearray, content_type: str) -> UploadForm:
    """Read a multipart upload; `body` itself is trimmed to the file's bytes, so that 200 MB are not copied."""
    boundary = content_type.partition("boundary=")[2].split(";")[0].strip().strip('"')
    if not content_type.startswith("multipart/form-data") or not boundary:
        raise BadUpload("an upload must be multipart/form-data")
    fields: dict[str, str] = {}
    found: tuple[str, int, int] | None = None
    for head, start, stop in _parts(body, b"--" + boundary.encode("latin-1")):
        name = _quoted(head, "name")
        if name == "file":
            found = (_quoted(head, "filename"), start, stop)
        else:
            fields[name] = bytes(body[start:stop]).decode("utf-8", "replace")
    if found is None:
        raise BadUpload("there is no file in the upload")
    file_name, start, stop = found
    del body[stop:]
    del body[:start]
    return UploadForm(fields, file_name, body)


def _parts(body: bytearray, mark: bytes) -> Iterator[tuple[str, int, int]]:
    """(head, first byte, byte after the last) of each part."""
    at = body.find(mark)
    while at >= 0 and body[at + len(mark) : at + len(mark) + 2] == b"\r\n":
        head = at + len(mark) + 2
        start = body.find(b"\r\n\r\n", head) + 4
        stop = body.find(b"\r\n" + mark, start)
        if start < 4 or stop < 0:
            raise BadUpload("the upload's last part does not end")
        yield bytes(body[head : start - 4]).decode("utf-8", "replace"), start, stop
        at = stop + 2


def _quoted(head: str, name: str) -> str:
    """`form-data; name="file"` → file."""
    return next((value.split('"')[0] for value in head.split(f' {name}="')[1:]), "")


def content(file: File) -> HttpReply:
    """The reply to a download; a cut meets only the first one of a file, unless it is cut for ever."""
    cut, file.cut = file.cut, file.cut if file.cut_for_ever else ""
    half = memoryview(file.data)[: len(file.data) // 2]
    match cut:
        case "cut-download":
            return HttpReply(200, (http(200, b"", kind=_KIND, length=len(file.data)), half), "close")
        case "cut-silent":
            head = f"HTTP/1.1 200 X\r\ncontent-type: {_KIND}\r\nconnection: close\r\n\r\n"
            return HttpReply(200, (head.encode(), half), "close")
        case "cut-gzip":
            packed = gzip.compress(file.data)
            body = packed[: len(packed) // 2]
            return HttpReply(200, (http(200, body, kind=_KIND, headers="content-encoding: gzip\r\n"),))
    view = memoryview(file.data)
    pieces = tuple(view[at : at + _PIECE] for at in range(0, len(view), _PIECE))
    return HttpReply(200, (http(200, b"", kind=_KIND, length=len(view)), *pieces))
