"""Rows of a Parquet file as JSON values: moments as ISO 8601 text, decimals as they are written, bytes that are text as text.

What no JSON value stands for is a ValueError in its place. Where a part of a file cannot be read, its rows are reported and those
around it are read.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl

from distill.records import Json
from distill.seeds.formats.file_format import FileFormat, Notes, NumberedRow, name_of

_AT_ONCE = 10_000
_UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
_PLAIN = (pl.String, pl.Boolean, pl.Null)


def rows(path: Path, form: FileFormat, notes: Notes) -> Iterator[NumberedRow]:  # noqa: ARG001 - a reader as the others; nothing of a Parquet file is a guess
    """The rows, numbered from 1."""
    source: Path | io.BytesIO = path
    if path.suffix.lower() == ".gz":
        source = io.BytesIO(gzip.decompress(path.read_bytes()))
    try:
        yield from _rows(pl.read_parquet(source), 1)
    except _UNREADABLE:
        height = pl.scan_parquet(source).select(pl.len()).collect().item()
    else:
        return
    for first in range(0, height, _AT_ONCE):
        try:
            yield from _rows(pl.scan_parquet(source).slice(first, _AT_ONCE).collect(), first + 1)
        except _UNREADABLE as error:
            said = ValueError(f"this part of the file cannot be read: {str(error).splitlines()[0]}")
            yield from ((row, said) for row in range(first + 1, min(first + _AT_ONCE, height) + 1))


def _rows(table: pl.DataFrame, first: int) -> Iterator[NumberedRow]:
    table.columns = [name_of(name) or name for name in table.columns]
    odd = [name for name, kind in table.schema.items() if not (kind in _PLAIN or kind.is_integer())]
    for number, row in enumerate(table.iter_rows(named=True), first):
        if odd:
            row |= {name: _plain(row[name]) for name in odd}
        yield number, row


def _plain(value: object) -> Json:
    """A value as JSON has it."""
    if isinstance(value, dict):
        return {name: _plain(inside) for name, inside in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inside) for inside in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, pl.Series):
        return [_plain(inside) for inside in value.to_list()]
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return ValueError(f"{len(value)} bytes that are no text")
    return value
