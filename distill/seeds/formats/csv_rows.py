"""Rows of a table of text (CSV, TSV): each under the names of its header, or what is wrong with it.

Where a row cannot be read the reader starts again at the next line, so that an open quote costs the row that it stands in
and not those behind it. Blank rows are none, cells beyond the last name may be empty, and a column without a name is left
out. A cell that cannot be read is a ValueError in its place.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from distill.records import Json
from distill.seeds.formats import csv_dialect
from distill.seeds.formats.csv_dialect import CsvDialect
from distill.seeds.formats.encoding import detect_encoding, opened
from distill.seeds.formats.file_format import BadFile, FileFormat, Notes, NumberedRow, RawRow, name_of, note

_NO_TEXT = re.compile("[\udc80-\udcff]")
_OPEN = "a quote opens here and is never closed, or another one stands inside it undoubled"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")  # with the end, or a long last line is gone through once a character
_SEP = re.compile(r'"?sep=', re.IGNORECASE)
_RULE = re.compile(r"[:-]-+:?")
_ABOVE = 30
"""Lines among which the header is looked for."""
_TRIED = 20
"""Lines that are looked at to tell whether a record of many lines has swallowed others."""


def rows(path: Path, form: FileFormat, notes: Notes) -> Iterator[NumberedRow]:
    """The rows of a file with the lines that they begin at."""
    encoding = detect_encoding(path, form.encoding)
    tabs = path.name.lower().removesuffix(".gz").endswith(".tsv")
    with opened(path, encoding) as file:
        head = file.read(csv_dialect.SAMPLE)
        above = _above(head, form.names)
        head = head[sum(map(len, above)) :]
        if above:
            note(notes, f"{path.name}: line {len(above) + 1} is taken for the header; what stands above it is left out")
        dialect = csv_dialect.detect_dialect(
            head, delimiter=form.delimiter, quote=form.quote, whole=len(head) < csv_dialect.SAMPLE, tabs=tabs
        )
        said_of_it = form.encoding or form.delimiter or form.quote is not None
        if not encoding.usual or not (dialect.usual or (tabs and dialect.delimiter == "\t")):
            said = f"{path.name}: read as {encoding.name.removesuffix('-sig')}, {dialect}"
            note(
                notes,
                said if said_of_it else f"{said}; where that is wrong, say what is right under `seeds.format`",
            )
        yield from _rows(_Lines(_lines(head, file)), dialect, clean=encoding.whole, line=len(above) + 1)


def _above(head: str, names: Sequence[str]) -> list[str]:
    """The lines of a table above its header, such as a title: where the first one that says anything lacks the columns that the
    task names, one of the next has them all, and those before it have no open quote, and fewer cells or an
    empty line below them."""
    lines = list(itertools.islice((end[0] for end in _LINE.finditer(head)), _ABOVE))
    said = [_cells(line) for line in lines]
    first = next((i for i, cells in enumerate(said) if cells and not _SEP.match(lines[i])), 0)
    at = next((i for i, cells in enumerate(said) if names and cells.issuperset(names)), 0)
    if at <= first or (said[at - 1] and any(len(cells) >= len(said[at]) for cells in said[:at])):
        return []
    return lines[:at] if "".join(lines[:at]).count('"') % 2 == 0 else []


def _cells(line: str) -> set[str]:
    """What stands between any delimiters."""
    return {name for cell in re.split(r"[,;|\t]", line) if (name := name_of(cell.strip().strip("\"'")))}


def _lines(head: str, rest: TextIO) -> Iterator[str]:
    """The lines of a file of which `head` was read, with their ends."""
    text, place = head + rest.readline(), 0
    for end in re.finditer(r"\r\n|\n|\r", text):
        yield text[place : end.end()]
        place = end.end()
    if place < len(text):
        yield text[place:]
    yield from rest


class _Lines:
    """Lines of which those since the last `taken` can be given back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self._back, self.given = lines, deque[str](), list[str]()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._lines)
        self.given.append(line)
        return line

    def taken(self, count: int | None = None) -> int:
        """These lines are done with, or so many of them; how many they were."""
        done = len(self.given) if count is None else count
        self._back.extendleft(reversed(self.given[done:]))
        self.given = []
        return done


def _rows(lines: _Lines, dialect: CsvDialect, *, clean: bool, line: int) -> Iterator[NumberedRow]:
    header, reader = None, dialect.reader(lines)
    if dialect.marked:
        next(lines)
        line += lines.taken()
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if header is None:
                raise BadFile(f"its header cannot be read: {error}") from None
            again = True
        else:
            if header is None:
                header, again = _Header.of(cells, clean=clean), False
            else:
                again = len(lines.given) > 1 and header.swallows(cells, lines.given, dialect)
                if not again and _filled(cells, lines.given) and not header.again(cells):
                    yield line, header.row(cells)
        if again:
            yield line, ValueError(_OPEN)
            reader = dialect.reader(lines)
        line += lines.taken(1 if again else None)


def _filled(cells: Sequence[str], given: Sequence[str]) -> bool:
    """Whether a record is a row: not a blank line, a spreadsheet's row of empty cells, nor a rule below the header."""
    if len(cells) == 1:
        return bool(given[0].strip())
    said = [cell.strip() for cell in cells if cell.strip()]
    return bool(said) and not all(map(_RULE.fullmatch, said))


class _Header:
    """The names of a table's columns."""

    def __init__(self, names: Sequence[str], *, clean: bool) -> None:
        self.names, self.clean = list(names), clean
        self.width = max((place for place, name in enumerate(names, 1) if name), default=0)
        self.twice = {name for name in names if name and self.names.count(name) > 1}
        self.plain = "" not in names and not self.twice and clean

    @classmethod
    def of(cls, cells: Sequence[str], *, clean: bool) -> _Header | None:
        """The header that a record is; none where it is blank."""
        names = [name_of(cell) for cell in cells]
        return cls(names, clean=clean) if any(names) else None

    def again(self, cells: Sequence[str]) -> bool:
        """Whether a record is the header once more, as where files were put one behind the other."""
        return len(cells) > 1 and len(cells) == len(self.names) and [name_of(cell) for cell in cells] == self.names

    def fits(self, cells: Sequence[str]) -> bool:
        """Whether each cell has a column, and each named column a cell."""
        more = any(cell.strip() for cell in cells[len(self.names) :])
        return len(cells) >= self.width and not more

    def row(self, cells: Sequence[str]) -> RawRow | ValueError:
        """A record under its names."""
        if self.plain and len(cells) == len(self.names):
            return dict(zip(self.names, cells, strict=True))
        if not self.fits(cells):
            more = "; a text that holds what stands between cells is quoted" if len(cells) > self.width else ""
            return ValueError(f"{len(cells)} cells, expected the {self.width} of the header{more}")
        return {name: self._cell(name, cell) for name, cell in zip(self.names, cells, strict=False) if name}

    def _cell(self, name: str, cell: str) -> Json:
        if name in self.twice:
            places = " and ".join(str(place) for place, other in enumerate(self.names, 1) if other == name)
            return ValueError(f"the header names {name!r} twice (columns {places}); rename one of them")
        if not self.clean and _NO_TEXT.search(cell):
            return ValueError("not UTF-8; save the file as UTF-8")
        return cell

    def swallows(self, cells: Sequence[str], given: Sequence[str], dialect: CsvDialect) -> bool:
        """Whether a record of many lines is none, and some line of it a row: its quote was opened by mistake."""
        return self.width > 1 and not self.fits(cells) and any(self._reads(one, dialect) for one in given[1:_TRIED])

    def _reads(self, line: str, dialect: CsvDialect) -> bool:
        try:
            return self.fits(next(iter(dialect.reader([line])), []))
        except csv.Error:
            return False
