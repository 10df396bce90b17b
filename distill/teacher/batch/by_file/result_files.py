"""The result files that somebody put into a folder: which rows they answer, and what is wrong with them.

A row is there once its line is: whole JSON that has the row's custom_id. A file's name says nothing, so parts, error files, copies
and one file for the rows of many request files all count, gzipped or not; a file that is still being written lacks rows, and
nothing else. The first line of a row counts, by the files' names and then by line.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Container, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from distill.teacher.batch.files.input_file import id_of, read

_GZIP = b"\x1f\x8b"


class Lines(NamedTuple):
    """So many lines of one kind, and the first of them, from 1."""

    many: int = 0
    first: int = 0

    def and_one(self, number: int) -> Lines:
        return Lines(self.many + 1, self.first or number)


class Version(NamedTuple):
    """A file as it lay there at one moment: another size or time is another content."""

    bytes: int
    changed_ns: int


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One file as it was read. `rows` are request ids with the line of their first answer."""

    path: Path
    version: Version
    rows: Mapping[str, int]
    unreadable: Lines
    """Whole lines that are no JSON object with a custom_id."""
    repeated: Lines
    """Lines of a row that a line before them was of already."""

    def faults(self) -> list[str]:
        """What is wrong with its lines, a sentence each, with line numbers."""
        said, name = [], self.path.name
        if self.unreadable.many:
            said.append(
                f"{name}: {_at(self.unreadable)} no JSON with a custom_id; the rows they stand for are waited for"
            )
        if self.repeated.many:
            said.append(f"{name}: {_at(self.repeated)} of a row that came before; the first line of a row counts")
        return said

    def others(self, than: Container[str]) -> list[str]:
        """The rows of it that are not among these, in the file's order."""
        return [row for row in self.rows if row not in than]


def _at(lines: Lines) -> str:
    if lines.many == 1:
        return f"line {lines.first} is"
    return f"{lines.many:,} lines are (the first is line {lines.first})"


def version_of(path: Path) -> Version:
    """The version of a file that lies there now; OSError where it is gone."""
    found = path.stat()
    return Version(found.st_size, found.st_mtime_ns)


def read_folder(folder: Path, known: Mapping[Path, ResultFile]) -> list[ResultFile]:
    """Every result file of a folder by name, hidden ones aside; those that are as they are `known` are not read again."""
    found = list[ResultFile]()
    for path in sorted(one for one in folder.glob("[!.]*") if one.is_file()):
        with suppress(FileNotFoundError):  # somebody moves files as we look
            as_known = known.get(path)
            same = as_known is not None and as_known.version == version_of(path)
            found.append(as_known if as_known is not None and same else read_file(path))
    return found


def read_file(path: Path) -> ResultFile:
    """A file with every row that it answers; OSError where it can't be read."""
    version, rows, unreadable, repeated = version_of(path), dict[str, int](), Lines(), Lines()
    for number, raw in enumerate(lines_of(path), 1):
        if not raw.strip():
            continue
        row = row_of(raw)
        if row is None:
            # The last line of a file that is being written is no fault.
            unreadable = unreadable.and_one(number) if raw.endswith(b"\n") else unreadable
        elif row in rows:
            repeated = repeated.and_one(number)
        else:
            rows[row] = number
    return ResultFile(path, version, rows, unreadable, repeated)


def row_of(raw: bytes) -> str | None:
    """The request id that a line is about; None where it is no whole line of a result file."""
    try:
        custom_id = read(raw.removeprefix(codecs.BOM_UTF8))["custom_id"]
    except (ValueError, KeyError, TypeError):
        return None
    return id_of(custom_id) if isinstance(custom_id, str) else None


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file, unpacked; where a packed one breaks off, what came before."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        if not packed:
            yield from file
            return
        with gzip.GzipFile(fileobj=file) as inside:
            yield from _until_torn(cast(BinaryIO, inside))


def _until_torn(file: BinaryIO) -> Iterator[bytes]:
    try:
        yield from file
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return


def gather(files: Iterable[ResultFile], rows: AbstractSet[str], to: Path) -> None:
    """Write every line about one of the rows, from all files that have some, into one file."""
    with to.open("wb") as out:
        for one in files:
            for raw in lines_of(one.path) if not rows.isdisjoint(one.rows) else ():
                if row_of(raw) in rows:
                    out.write(raw if raw.endswith(b"\n") else raw + b"\n")
