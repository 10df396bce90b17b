"""An upload as it comes over the line: small fields as text, the file's bytes straight to the disk, a megabyte in memory at the most."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from distill.host.access.quota import DiskQuota
from distill.protocol.error import ApiError

_PIECE = 1 << 20
_MOST_FIELDS, _MOST_TEXT = 32, 1 << 16


@dataclass(frozen=True, slots=True)
class Received:
    """What came: `path` holds the file's bytes until the block ends, unless they are moved on."""

    fields: Mapping[str, str]
    filename: str
    path: Path
    size: int


@asynccontextmanager
async def received(request: Request, place: Path, *, file_field: str, quota: DiskQuota) -> AsyncIterator[Received]:
    """Read the form of a request; ApiError for what is no form with such a file, or passes the quota. Nothing stays where it fails."""
    form = _Form(file_field)
    announced = request.headers.get("content-length", "")
    with _taken_away(place, form, quota):
        quota.coming(form, int(announced) if announced.isascii() and announced.isdigit() else 0)
        with place.open("xb") as file:
            size = await _stream(request, form, file, quota)
        if form.filename is None:
            raise ApiError(f"'{file_field}' is a required property: there is no file in the form", param=file_field)
        yield Received(form.fields, form.filename, place, size)


@contextmanager
def _taken_away(place: Path, form: _Form, quota: DiskQuota) -> Iterator[None]:
    """However it ends, nothing of it is left aside."""
    try:
        yield
    except FormParserError as fault:
        raise ApiError(f"The form could not be read: {str(fault)[:200]}") from None
    finally:
        quota.settled(form)
        place.unlink(missing_ok=True)


async def _stream(request: Request, form: _Form, file: BinaryIO, quota: DiskQuota) -> int:
    """All of the body; returns how many bytes the file has."""
    parser = form.parser(request.headers.get("content-type", ""))
    size = 0
    async with aclosing(request.stream()) as body:
        async for piece in body:
            parser.write(piece)
            if len(form.held) >= _PIECE:
                size += await _put(form, file)
                quota.coming(form, size)
    parser.finalize()
    if not form.ended:
        raise ApiError("The form ends in the middle: its last boundary is missing.")
    return size + await _put(form, file)


async def _put(form: _Form, file: BinaryIO) -> int:
    """What came since the last time, written without the other requests waiting for the disk."""
    held, form.held = form.held, bytearray()
    if held:
        await asyncio.to_thread(file.write, held)
    return len(held)


@dataclass(slots=True, eq=False)
class _Form:
    """What the parser has called out so far."""

    file_field: str
    fields: dict[str, str] = field(default_factory=dict)
    filename: str | None = None
    held: bytearray = field(default_factory=bytearray)
    ended: bool = False
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _disposition: bytes = b""
    _name: str = ""
    _text: bytearray | None = None

    def parser(self, content_type: str) -> MultipartParser:
        """The parser of a body of this content type; ApiError where it is no form."""
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise ApiError("An upload has to be multipart/form-data with a boundary.")
        return MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin, "on_header_field": self._on_header, "on_header_value": self._on_value,
                "on_header_end": self._header_end, "on_headers_finished": self._headers_end, "on_part_data": self._data,
                "on_part_end": self._end, "on_end": self._all,
            },
        )  # fmt: skip

    def _begin(self) -> None:
        self._disposition = b""

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._name != self.file_field:
            if len(self.fields) >= _MOST_FIELDS or b"filename" in options:
                raise ApiError(f"Unexpected part of the form: {self._name[:100]!r}", param=self._name[:100] or None)
            self._text = bytearray()
            return
        if self.filename is not None:
            raise ApiError(f"The form has more than one '{self.file_field}'.", param=self.file_field)
        self.filename = options.get(b"filename", b"upload").decode("utf-8", "replace")
        self._text = None

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._text is None:
            self.held += data[start:end]
        elif len(self._text) + end - start > _MOST_TEXT:
            raise ApiError(f"The field {self._name[:100]!r} of the form is too long.", param=self._name[:100])
        else:
            self._text += data[start:end]

    def _end(self) -> None:
        if self._text is not None:
            self.fields[self._name] = self._text.decode("utf-8", "replace")

    def _all(self) -> None:
        self.ended = True
