"""A file of JSON Lines, read line by line; whatever is wrong with it as a file is noted on the way.

Only what every reader of JSON reads alike counts as JSON: no NaN, no key twice. Lines are split on LF alone.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from distill.errors import UsageError
from distill.records import Json
from distill.student.preflight.findings import Findings, shown
from distill.text.normalise import strict_json

_OTHERS = (".parquet", ".csv", ".tsv", ".gz", ".zip", ".zst", ".xlsx", ".arrow", ".yaml", ".yml")
_BREAKS = ("\u2028", "\u2029", "\x85")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Line(NamedTuple):
    """An object of the file with the number of its line."""

    number: int
    value: dict[str, Json]


def check_path(path: Path) -> None:
    """UsageError where no file of JSON Lines can be."""
    if not path.exists():
        raise UsageError(f"no such file: {path}; expected a JSON Lines file of chats, or a task or run that has one")
    if path.is_dir():
        raise UsageError(f"{path} is a folder, expected a JSON Lines file")
    if path.name.lower().endswith(_OTHERS):
        raise UsageError(f"{path} is no JSON Lines file; preflight reads what trains: *.jsonl, an object on each line")


def read(path: Path, found: Findings) -> Iterator[Line]:
    """The objects of a file; lines that hold none are faults of it."""
    name, rows = path.name, 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            raw = _first(line, name, found) if number == 1 else line
            if raw is None:
                return
            value = _value(raw, number, name, found)
            if value is not None:
                rows += 1
                yield Line(number, value)
    if not rows:
        found.add("no_rows", file=name)


def _first(line: bytes, name: str, found: Findings) -> bytes | None:
    """The first line without a byte order mark; None where the file is no JSON Lines at all."""
    if line.startswith(_UTF16):
        found.add("not_utf8", said="it is UTF-16", file=name)
        return None
    raw = line.removeprefix(codecs.BOM_UTF8)
    if raw != line:
        found.add("byte_order_mark", 1, file=name)
    if _is_document(raw):
        found.add("not_json_lines", 1, f"it begins with {shown(raw[:500].decode('utf-8', 'replace'), 20)}", file=name)
        return None
    return raw


def _is_document(first: bytes) -> bool:
    """Whether the first line begins an array, or an object that goes on below."""
    line = first.strip()
    return line.startswith(b"[") or line == b"{"


def _value(raw: bytes, number: int, name: str, found: Findings) -> dict[str, Json] | None:
    if raw.endswith(b"\r\n"):
        found.add("crlf", number, file=name)
    try:
        text = raw.decode().strip(" \t\r\n")
    except UnicodeDecodeError as fault:
        found.add("not_utf8", number, f"byte {fault.start + 1} of the line is 0x{raw[fault.start]:02x}", file=name)
        return None
    if not text:
        found.add("blank_lines", number, file=name)
        return None
    if any(one in text for one in _BREAKS):
        found.add("line_separator", number, file=name)
    try:
        value = strict_json(text)
    except ValueError as fault:
        found.add("bad_json", number, str(fault), file=name)
        return None
    if not isinstance(value, dict):
        found.add("not_an_object", number, f"a JSON {type(value).__name__}", file=name)
        return None
    return value
