"""How far each log was read, so that a later look reads on from there: also where the file was renamed, packed or grew.

A log is known by its content: the bytes it began with, and those before the place up to which it was read. A file that begins in the same
way and is otherwise there is another one, or was written anew, and is read from its beginning. A last line without an end is left for the
next look. Tables and JSON documents are read once as a whole: a further version of one is another file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import orjson

from distill.lifecycle.logs.files import TABLES, kind_of
from distill.lifecycle.logs.objects import LONGEST
from distill.seeds.formats.encoding import READ_ERRORS, raw

_ASIDE = ".parts-"
_SHOWN = 4096
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class ReadLog:
    """A log up to a place: `head` is the hash of its first `length` bytes, `tail` that of those before `offset`."""

    head: str
    length: int
    tail: str
    offset: int
    lines: int


@dataclass(frozen=True, slots=True)
class LogPart:
    """What is new of a log: `path` holds it, alone; `name` is what the log is called, and `before` its lines that were read earlier."""

    path: Path
    name: str
    before: int
    read: ReadLog
    goes_on: ReadLog | None = None
    """What was known of the log before."""


@contextmanager
def new_parts(files: Sequence[Path], known: Sequence[ReadLog], aside: Path) -> Iterator[list[LogPart]]:
    """What is new of the files; a part that is not a whole file is a copy in the folder `aside`, which is removed afterwards."""
    for left in aside.glob(f"{_ASIDE}*"):  # by a look that was killed
        shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(prefix=_ASIDE, dir=aside) as folder:
        found = list[LogPart]()
        for number, file in enumerate(files):
            part = _part(file, [*known, *(one.read for one in found)], Path(folder) / str(number))
            if part is not None:
                found.append(part)
        yield found


def merged(known: Sequence[ReadLog], parts: Sequence[LogPart]) -> list[ReadLog]:
    """What is known after the parts were read."""
    gone = [one.goes_on for one in parts]
    return [one for one in [*known, *(part.read for part in parts)] if one not in gone]


def _part(file: Path, known: Sequence[ReadLog], aside: Path) -> LogPart | None:
    if kind_of(file) in TABLES or _is_document(file):
        return _whole(file, known)
    try:
        before = next((one for one in known if one.lines >= 0 and _goes_on(file, one)), None)
        start = before.offset if before else 0
        end = _last_end(file, start)
        if end <= start:
            return None
        if start == 0 and _is_all(file, end):
            path = file
        else:
            path = aside / f"{Path(file.name.removesuffix('.gz')).stem}.jsonl"
            _copy(file, path, start, end)
        lines, read = before.lines if before else 0, _read(file, end, before)
        return LogPart(path, file.name, lines, ReadLog(read.head, read.length, read.tail, end, lines + _lines(path)), before)
    except READ_ERRORS:  # the reader of logs says what is wrong with it
        return LogPart(file, file.name, 0, ReadLog(str(file), 0, "", 0, -1))


def _whole(file: Path, known: Sequence[ReadLog]) -> LogPart | None:
    with suppress(OSError), file.open("rb") as content:
        content_hash = hashlib.file_digest(content, hashlib.blake2b).hexdigest()[:32]
        if any(one.head == content_hash for one in known):
            return None
        return LogPart(file, file.name, 0, ReadLog(content_hash, -1, "", file.stat().st_size, -1))
    return LogPart(file, file.name, 0, ReadLog(str(file), 0, "", 0, -1))


def _is_document(file: Path) -> bool:
    """Whether a file is one JSON document: it begins with a list, or is called .json and its first line is no object by itself."""
    with suppress(*READ_ERRORS), raw(file) as content:
        first = content.readline(_CHUNK).strip()
        return first[:1] == b"[" or (kind_of(file) == ".json" and first[-1:] != b"}")
    return False


def _goes_on(file: Path, known: ReadLog) -> bool:
    """Whether a file is a log that was read before, with more behind it or not."""
    if known.length < 0:
        return False
    with raw(file) as content:
        if _hash(content.read(known.length)) != known.head:
            return False
    with raw(file) as content:
        _go_to(content, max(0, known.offset - _SHOWN))
        return _hash(content.read(min(_SHOWN, known.offset))) == known.tail


def _read(file: Path, end: int, before: ReadLog | None) -> ReadLog:
    with raw(file) as content:
        length = before.length if before else min(_SHOWN, end)
        head = before.head if before else _hash(content.read(length))
    with raw(file) as content:
        _go_to(content, max(0, end - _SHOWN))
        return ReadLog(head, length, _hash(content.read(min(_SHOWN, end))), end, 0)


def _last_end(file: Path, start: int) -> int:
    """Behind the last line that has an end, or is a whole object without one."""
    place, rest = start, b""
    with raw(file) as content:
        if content.seekable():  # all but the end of it is of no interest
            start = place = max(start, content.seek(0, os.SEEK_END) - LONGEST)
        _go_to(content, place)
        end = place
        while chunk := content.read(_CHUNK):
            cut = chunk.rfind(b"\n")
            end, rest = (place + cut + 1, chunk[cut + 1 :]) if cut >= 0 else (end, rest + chunk)
            place += len(chunk)
    with suppress(orjson.JSONDecodeError):
        return place if rest.strip() and isinstance(orjson.loads(rest), dict) else end
    return end


def _is_all(file: Path, end: int) -> bool:
    return file.name.endswith(".gz") or file.stat().st_size == end


def _copy(file: Path, to: Path, start: int, end: int) -> None:
    to.parent.mkdir()
    with raw(file) as content, to.open("wb") as copy:
        _go_to(content, start)
        left = end - start
        while left and (chunk := content.read(min(_CHUNK, left))):
            copy.write(chunk)
            left -= len(chunk)


def _lines(path: Path) -> int:
    with raw(path) as content:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: content.read(_CHUNK), b""))


def _go_to(content: BinaryIO, place: int) -> None:
    if content.seekable():
        content.seek(place)
        return
    while place and (skipped := content.read(min(_CHUNK, place))):  # a packed file, which is unpacked up to there
        place -= len(skipped)


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
