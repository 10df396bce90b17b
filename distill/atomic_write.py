"""Files that are written aside, fsynced and renamed into place: a reader sees the old one or the new one, a crash leaves no half."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import orjson

from distill.records import Json

if TYPE_CHECKING:
    import polars as pl


def write_atomic(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write `data`, whole or piece by piece, so that a full disk or an error in between leaves the old file."""
    with _replacing(path) as file:
        file.writelines([data] if isinstance(data, bytes) else data)


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file beside `path`; at the end fsync, rename over it, fsync the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with aside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_json(path: Path, value: Json) -> None:
    """A JSON file a person can read: indented, keys in the order given."""
    write_atomic(path, (indented(value) + "\n").encode())


_ESCAPED = re.compile(r"[^\x00-\x7e]+")  # Python escapes DEL as well


def indented(value: Json) -> str:
    """The value as `json.dumps(value, indent=2)` has it, in a tenth of the time: with an indent that one works in Python alone.

    What orjson refuses or has another way for is left to it: numbers that are none, keys that are no texts, half an emoji. A number
    below 0.0001 or from 1e16 on may have its exponent spelt in another way.
    """
    try:
        json.dumps(value, allow_nan=False)  # orjson takes more kinds of values, and writes null for NaN
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except (TypeError, ValueError):
        return json.dumps(value, indent=2, ensure_ascii=True)
    return _ESCAPED.sub(lambda found: json.dumps(found[0])[1:-1], text)


def sink_parquet(path: Path, rows: pl.LazyFrame) -> None:
    """What a query gives as Parquet, through the same rename: it is written as it comes, and need not fit in memory."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.rows")
    try:
        rows.sink_parquet(aside, compression="zstd", row_group_size=_ROW_GROUP)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


_ROW_GROUP = 1 << 16


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    """A polars frame as Parquet, through the same rename."""
    from polars.exceptions import PolarsError

    try:
        with _replacing(path) as file:
            frame.rechunk().write_parquet(file, compression="zstd")  # how the table was put together is in no byte
    except PolarsError as fault:
        cause = re.search(r"\(os error (\d+)\)", str(fault))
        if cause is None:
            raise
        raise OSError(int(cause[1]), os.strerror(int(cause[1])), str(path)) from None  # a full disk is no fault of ours
