"""A log file → its objects one by one, numbered, whatever its size: a line at a time, or the objects of a JSON document.

A line that is no JSON, or too long, is a `Torn` in its place. Nothing is read whole: what is held is one line, or one object of a document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import orjson

from distill.errors import Fault
from distill.lifecycle.logs.files import TABLES, kind_of
from distill.records import Json
from distill.seeds.formats.encoding import READ_ERRORS, raw
from distill.seeds.formats.rows import read_rows
from distill.text.normalise import storable, strict_json

LONGEST = 32 * 2**20
"""Bytes of a line, or an object, that are read."""
_CHUNK = 2**20
_HEAD = 50
_BOM = b"\xef\xbb\xbf"
_BLANK = re.compile(rb"[\s,\[\]]*")
_NEXT = re.compile(rb"[\]}]\s*,?\s*\n?(?=\s*\{)")
_LISTS = ("data", "items", "observations", "traces", "generations", "logs", "results")
"""What a document calls its one list of rows, as an API's answer does."""


class Torn(NamedTuple):
    """What stands where an object should; `reason` is a word of `tally.REASONS`."""

    reason: str
    detail: str


BLANK = Torn("blank", "")
"""Stands for a blank line."""
Numbered = tuple[int, Json]
"""(line, or number of the object; the value or a `Torn`)."""


def objects(path: Path) -> Iterator[Numbered]:
    """The objects of a file. One that cannot be read to its end gives a last `Torn`."""
    line = 0
    try:
        for line, value in _rows(path) if kind_of(path) in TABLES else _json(path):
            yield line, value
    except READ_ERRORS as error:
        yield line + 1, Torn("unreadable_file", f"{error}")


def _rows(path: Path) -> Iterator[Numbered]:
    faults: list[Fault] = []
    last = 0
    for last, row in read_rows(path, faults):
        yield (
            last,
            Torn("torn", str(row))
            if isinstance(row, ValueError)
            else {k: v for k, v in row.items() if not isinstance(v, ValueError)},
        )
    for fault in faults:
        yield last + 1, Torn("unreadable_file", fault.message)


def _json(path: Path) -> Iterator[Numbered]:
    with raw(path) as file:
        head = [file.readline(LONGEST) for _ in range(_HEAD)]
    document = _is_document([line.removeprefix(_BOM).strip() for line in head if line.strip()])
    with raw(path) as file:
        yield from _document(file) if document else _lines(file)


def _is_document(head: list[bytes]) -> bool:
    """Whether a file is one JSON document: an array, or objects over several lines."""
    if not head or head[0][:1] not in (b"[", b"{"):
        return False
    lines = any(isinstance(parsed(line), dict) for line in head[1:] if line[:1] == b"{" and line[-1:] == b"}")
    whole = not isinstance(parsed(head[0]), Torn)
    return not (whole and lines) if head[0][:1] == b"[" else not (whole or lines)


def _lines(file: BinaryIO) -> Iterator[Numbered]:
    number = 0
    loads, longest, read = orjson.loads, LONGEST, file.readline
    while line := read(longest):
        number += 1
        try:
            yield number, loads(line)
        except orjson.JSONDecodeError:
            if len(line) >= longest and line[-1:] != b"\n":
                _skip(file)
                yield number, Torn("too_long", f"longer than {longest // 2**20} MiB")
            else:
                plain = line.removeprefix(_BOM).strip()
                yield number, parsed(plain) if plain else BLANK


def _skip(file: BinaryIO) -> None:
    """Go behind the end of the line."""
    while (more := file.readline(_CHUNK)) and more[-1:] != b"\n":
        continue


def parsed(line: bytes) -> Json:
    """A line's value, also with what orjson does not take (NaN, half an emoji); a `Torn` that says what is wrong with it."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        first = error
    try:
        return _storable(strict_json(line.decode(), finite=False))
    except UnicodeDecodeError as error:
        return Torn("torn", f"not UTF-8: byte 0x{line[error.start]:02x} at {error.start + 1}")
    except (ValueError, RecursionError):
        return Torn("torn", f"no JSON: {first}"[:200])


def _storable(value: Json) -> Json:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(one) for one in value]
    return {storable(name): _storable(one) for name, one in value.items()} if isinstance(value, dict) else value


def _document(file: BinaryIO) -> Iterator[Numbered]:
    """The objects of an array, or one behind the other; also of the one list in an object around them."""
    number = 0
    for value in _values(file):
        inside = (
            next((value[name] for name in _LISTS if isinstance(value.get(name), list)), None)
            if isinstance(value, dict)
            else None
        )
        rows = inside if inside is not None and "input" not in value and "messages" not in value else [value]
        for row in rows:
            number += 1
            yield number, row


def _values(file: BinaryIO) -> Iterator[Json]:
    """The top values of a document, each as soon as it is whole."""
    held, at, more = b"", 0, True
    while True:
        blank = _BLANK.match(held, at)
        at = blank.end() if blank else at
        end = _end(held, at)
        if end is not None:
            yield parsed(held[at:end])
            at = end
            continue
        rest = held[at:]
        if more and len(rest) < LONGEST:
            chunk = file.read(max(_CHUNK, len(rest)))
            held, at, more = rest + chunk, 0, bool(chunk)
            continue
        if not rest.strip():
            return
        yield Torn("too_long" if more else "torn", f"an object that does not end: {rest[:60]!r}")
        after = _NEXT.search(rest)
        if after is None:
            return
        held, at = rest[after.end() :], 0


_EDGE = re.compile(rb'"(?:[^"\\]|\\.)*+"|["\[\]{}]', re.DOTALL)


def _end(held: bytes, at: int) -> int | None:
    """Where the object ends that begins here; None where it goes on. What is no object ends before the next comma or line."""
    if at >= len(held):
        return None
    if held[at : at + 1] != b"{":
        stop = re.compile(rb"[,\n]").search(held, at)
        return stop.start() if stop else None
    depth = 0
    for edge in _EDGE.finditer(held, at):
        mark = held[edge.start()]
        if edge[0] == b'"':  # a text that goes on
            return None
        depth += {123: 1, 91: 1, 125: -1, 93: -1}.get(mark, 0)
        if depth == 0:
            return edge.end()
    return None
