"""The files that seeds are read from → numbered rows, each an object or what is wrong with it.

JSON Lines are split on "\\n" only, so U+2028 inside a message is safe; CSV and Parquet; or folders of them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl

from distill.errors import Fault
from distill.records import Json
from distill.text import strict_json

Row = dict[str, Json]
Numbered = tuple[int, Row | ValueError]


def found(paths: Sequence[Path], faults: list[Fault]) -> Iterator[Path]:
    """Every file that the paths mean, a folder's in the order of their names; what is none goes to `faults`."""
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in READERS and p.is_file())
            if not inside:
                faults.append(Fault(str(path), f"this folder holds no {', '.join(READERS)} file"))
            yield from inside
        elif not path.is_file():
            faults.append(Fault(str(path), "no such file or folder"))
        elif path.suffix.lower() not in READERS:
            faults.append(Fault(str(path), f"ends in {path.suffix!r}, expected one of {', '.join(READERS)}"))
        else:
            yield path


def rows(path: Path, faults: list[Fault]) -> Iterator[Numbered]:
    """The rows of one file; what is wrong with the file as a whole goes to `faults`."""
    count = 0
    try:
        for count, numbered in enumerate(READERS[path.suffix.lower()](path), 1):  # noqa: B007 - read below
            yield numbered
    except (OSError, pl.exceptions.PolarsError) as error:
        faults.append(Fault(str(path), f"cannot be read: {error}"))
        return
    if not count:
        faults.append(Fault(str(path), "holds no rows"))


def _jsonl(path: Path) -> Iterator[Numbered]:
    with path.open("rb") as file:
        for line, raw in enumerate(file, 1):
            plain = raw.removeprefix(b"\xef\xbb\xbf") if line == 1 else raw
            if plain.strip():
                yield line, _object(plain.removesuffix(b"\n"))


def _object(raw: bytes) -> Row | ValueError:
    try:
        value = strict_json(raw.decode())
    except UnicodeDecodeError as error:
        return ValueError(f"not UTF-8: byte 0x{raw[error.start]:02x} at {error.start + 1}; save the file as UTF-8")
    except ValueError as error:
        return error
    if not isinstance(value, dict):
        return ValueError(f'a JSON {type(value).__name__}, expected an object such as {{"message": "…"}}')
    return value


def _csv(path: Path) -> Iterator[Numbered]:
    # Undecodable bytes come through as lone surrogates, so the row that holds them can be named.
    text = path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not header:
                header = cells
            elif cells:
                yield line, _record(header, cells)
    except csv.Error as error:
        yield before + 1, ValueError(f"bad CSV from here on: {error}")


def _record(header: list[str], cells: list[str]) -> Row | ValueError:
    if len(set(header)) < len(header):
        return ValueError(f"the header names a column twice: {', '.join(header)}")
    if len(cells) != len(header):
        return ValueError(f"{len(cells)} cells, expected the {len(header)} of the header")
    if any("\udc80" <= char <= "\udcff" for cell_text in cells for char in cell_text):
        return ValueError("not UTF-8; save the file as UTF-8")
    return dict(zip(header, cells, strict=True))


def _parquet(path: Path) -> Iterator[Numbered]:
    yield from enumerate(pl.read_parquet(path).iter_rows(named=True), 1)


READERS: dict[str, Callable[[Path], Iterator[Numbered]]] = {
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".csv": _csv,
    ".parquet": _parquet,
}
