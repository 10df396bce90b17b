"""Rows of JSON: an object a line (JSON Lines), or the objects of a document.

    {"message": …}                    JSON Lines, split on "\\n" only, so that U+2028 inside a message is safe
    [{"message": …}, …]               an array; or objects over several lines, one behind the other
    {"data": [{"message": …}, …]}     an object that holds one list of rows
    {"message": ["…", …], …}          columns: of lists, or of {"0": …} as pandas writes them

Which of them a file is, is found from how it begins, whatever its name ends in. A row of JSON Lines has the number of its line,
one of a document its own. NaN is read as the number that it is: who uses the value minds. A fault inside one object costs
that object.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from distill.chat.content import kind
from distill.records import Json
from distill.seeds.formats import json_layouts
from distill.seeds.formats.encoding import Encoding, detect_encoding, opened, raw
from distill.seeds.formats.file_format import FileFormat, Notes, NumberedRow, RawRow, note
from distill.text.normalise import strict_json, strict_json_at

_HEAD = 200
"""Lines from which the layout is inferred."""
_TRIED = 100
"""Places where a document may go on behind a value that is none."""
_BLANK = re.compile(r"[\s,]*")
_NO_TEXT = re.compile("[\udc80-\udcff]")
_EDGE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_AGAIN = re.compile(r"\]\s*,?\s*\[")
_BEGINS = re.compile(r'\{\s*("(?:[^"\\]|\\.)*")')
_WRAPPED = re.compile(r'\s*\{\s*"(\w+)"\s*:\s*(?=\[)')


def rows(path: Path, form: FileFormat, notes: Notes) -> Iterator[NumberedRow]:
    """The rows of a file, numbered."""
    encoding = detect_encoding(path, form.encoding)
    if not form.encoding and not encoding.name.startswith("utf"):
        encoding = Encoding(
            "utf-8", whole=False
        )  # a code page is a guess, and JSON is UTF-8: each line that is none is reported
    if not encoding.usual:
        note(notes, f"{path.name}: read as {encoding.name}")
    lines = path.name.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson"))
    if _by_lines(path, encoding, whole=lines):
        yield from _lines(path, encoding)
        return
    if lines:
        note(notes, f"{path.name}: read as one JSON document, since it has no object a line")
    with opened(path, encoding) as file:
        yield from enumerate(_document(file.read().removeprefix("\ufeff"), clean=encoding.whole), 1)


def _by_lines(path: Path, encoding: Encoding, *, whole: bool) -> bool:
    """Whether a file has an object a line. One line alone may be a document, but where a file's name says that it has lines
    (`whole`) an object is a row."""
    with opened(path, encoding) as file:
        head = [line for line in itertools.islice(file, _HEAD) if line.strip("\ufeff \t\r\n")]
    if not head:
        return True
    first = head[0].lstrip("\ufeff \t")
    try:
        value = strict_json(first, finite=False)
    except ValueError:
        if not whole and len(head) == 1:
            return False
        pretty = first.strip() == "{" or (first[0] == "{" and any(line[0] in " \t" for line in head[1:]))
        return first[0] != "[" and (not pretty or any(_is_row(line) for line in head[1:]))
    return len(head) > 1 or (whole and not isinstance(_row(value), ValueError))


def _is_row(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        return isinstance(strict_json(line, finite=False), dict)
    except ValueError:
        return False


def _lines(path: Path, encoding: Encoding) -> Iterator[NumberedRow]:
    if encoding.usual:
        with raw(path) as file:
            for line, content in enumerate(file, 1):
                plain = content.removeprefix(b"\xef\xbb\xbf")  # also where files were put one behind the other
                if plain.strip():
                    yield line, _decoded(plain.removesuffix(b"\n"))
        return
    with io.TextIOWrapper(raw(path), encoding=encoding.name, errors="replace", newline="\n") as text:
        for line, spelt in enumerate(text, 1):
            if spelt.strip("\ufeff \t\r\n"):
                yield line, _object(spelt.removeprefix("\ufeff"))


def _decoded(raw: bytes) -> RawRow | ValueError:
    try:
        return _object(raw.decode())
    except UnicodeDecodeError as error:
        return ValueError(f"not UTF-8: byte 0x{raw[error.start]:02x} at {error.start + 1}; save the file as UTF-8")


def _object(text: str) -> RawRow | ValueError:
    try:
        return _row(strict_json(text, finite=False))
    except ValueError as error:
        return ValueError(f"{error}{_behind(text)}")


def _behind(text: str) -> str:
    """What to do about more than an object on a line."""
    try:
        _, end = strict_json_at(text, len(text) - len(text.lstrip()))
    except ValueError:
        return ""
    follows = text[end:].strip()[:1]
    if follows == ",":
        return "; a comma stands behind the object, expected the object alone"
    return "; several objects stand on one line, expected one" if follows in ("{", "[") else ""


def _row(value: Json) -> RawRow | ValueError:
    if (
        isinstance(value, list)
        and value
        and all(isinstance(turn, dict) and ("role" in turn or "from" in turn) for turn in value)
    ):
        return {"messages": value}
    if not isinstance(value, dict):
        return ValueError(f'{kind(value)}, expected an object such as {{"message": "…"}}')
    return json_layouts.unwrapped(value)


def _document(text: str, *, clean: bool) -> Iterator[RawRow | ValueError]:
    """The rows of an array, of objects one behind the other, or of the object that holds them."""
    start = len(text) - len(text.lstrip())
    if text[start : start + 1] == "[":
        yield from map(_row_of, _values(text, start + 1, clean=clean, inside=True))
        return
    found = _values(text, start, clean=clean)
    first, second = next(found, None), next(found, None)
    wrapped = _WRAPPED.match(text)
    if second is not None:
        yield from map(_row_of, (first, second, *found))
    elif isinstance(first, dict):
        yield from map(_row_of, json_layouts.rows_of(first))
    elif wrapped and wrapped[1] in json_layouts.ROWS:
        yield from map(_row_of, _values(text, wrapped.end() + 1, clean=clean))
    elif first is not None:
        yield _row_of(first)


def _row_of(value: Json) -> RawRow | ValueError:
    if isinstance(value, ValueError):
        return value
    return _row(value)


def _values(text: str, place: int, *, clean: bool, inside: bool = False) -> Iterator[Json]:
    """The values that stand one behind the other, up to a closing bracket; a ValueError for one that is none. A document that
    begins with a bracket (`inside`) may be several, one behind the other, and nothing else stands behind it."""
    while True:
        blank = _BLANK.match(text, place)
        place = blank.end() if blank else place
        if inside and (again := _AGAIN.match(text, place)):
            place = again.end()
            continue
        if place >= len(text) or text[place] in "]}":
            if inside and text[place + 1 :].strip():
                yield ValueError("something stands behind the end of the array; what follows is not read")
            return
        try:
            value, end = strict_json_at(text, place)
        except ValueError as error:
            value, end = error, _end(text, place)
        if not clean and _NO_TEXT.search(text, place, end):
            value = ValueError("not UTF-8; save the file as UTF-8")
        yield value
        place = end


def _end(text: str, place: int) -> int:
    """Where the value ends that begins here and is none: by its brackets, but not behind the next value that is like it, since
    a text that is not closed swallows brackets."""
    most = _like(text, place)
    depth = 0
    for edge in _EDGE.finditer(text, place, most):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(edge[0], 0)
        if depth <= 0 and edge[0] in "]}":
            return edge.end() if depth == 0 else edge.start()
    return most


def _like(text: str, place: int) -> int:
    """Where the next object begins that has the first key of the one here, on a line of its own where this one has; else the end."""
    begins = _BEGINS.match(text, place)
    if begins is None:
        return len(text)
    line = text.rfind("\n", 0, place) + 1
    alone = line > 0 and not text[line:place].strip()
    before = f"(?<=\n{text[line:place]})" if alone else ""
    found = re.compile(before + r"\{\s*" + re.escape(begins[1]) + r"\s*:").finditer(text, place + 1)
    for like in itertools.islice(found, _TRIED):
        if alone or _is_value(text, like.start()):
            return like.start()
    return len(text)


def _is_value(text: str, place: int) -> bool:
    try:
        strict_json_at(text, place)
    except ValueError:
        return False
    return True
