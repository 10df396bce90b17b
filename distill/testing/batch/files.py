"""Files of the double: uploads and results by id, bytes held once, gone when deleted or past their date."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from distill.testing.batch.clock import Clock

MONTH_S = 30 * 86400.0


class BadUpload(ValueError):
    """An upload that is no multipart form of a file and its purpose."""


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

    def shown(self) -> dict[str, Any]:
        """As OpenAI's file object."""
        return {
            "id": self.id, "object": "file", "bytes": len(self.data), "created_at": int(self.created_at),
            "expires_at": None if self.expires_at is None else int(self.expires_at), "filename": self.name,
            "purpose": self.purpose, "status": "PENDING" if self.pending else "processed", "status_details": None,
        }  # fmt: skip


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
