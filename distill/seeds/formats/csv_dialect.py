"""How a table of text is written: what stands between its cells, what it quotes with. Found from the header and the first rows.

Only what stands in the header can be between the cells, so texts full of commas under one name are one column. Of the
candidates that one is taken with which most of the first rows have as many cells as the header; where two do equally
well, the one with more columns, and of those the more usual one.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

DELIMITERS = (",", ";", "\t", "|")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SAMPLE = 200_000
"""Characters from which a dialect is inferred."""
_ROWS = 1000
"""Lines of it that are looked at."""
_NOWHERE = "\x1f"
"""Stands between the cells of one column: in no text."""
_MARK = re.compile(r'"?sep=(.)"?[ \t,;]*(\r\n|\n|\r|$)', re.IGNORECASE)
_NAME = re.compile(r"[\w .:/#()\[\]*-]{0,40}")

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # the module's own limit, 131,072 characters, ends a whole file


class CsvReader(Protocol):
    """What `csv.reader` gives."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """What is known of a file; `quote` is "" where nothing is quoted."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    blanks: bool = False
    """Whether blanks stand after each delimiter."""
    marked: bool = False
    """Whether the first line says `sep=;` and is no row."""

    @property
    def one_column(self) -> bool:
        return self.delimiter == _NOWHERE

    @property
    def usual(self) -> bool:
        """Whether it is what everybody takes a CSV for."""
        return (self.delimiter in (",", _NOWHERE) or self.marked) and self.quote == '"' and not self.escape

    def __str__(self) -> str:
        between = (
            "one column" if self.one_column else f"{NAMES.get(self.delimiter, repr(self.delimiter))} between cells"
        )
        quoted = {'"': "", "": ", no quotes"}.get(self.quote, f", quoted by {self.quote}")
        return between + quoted + (f", {self.escape}{self.quote} inside quotes" if self.escape else "")

    def reader(self, lines: Iterable[str]) -> CsvReader:
        """A strict reader of the lines: what is no row raises csv.Error."""
        return csv.reader(
            lines, delimiter=self.delimiter, quotechar=self.quote or None, escapechar=self.escape or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE, doublequote=not self.escape,
            skipinitialspace=self.blanks, strict=True,
        )  # fmt: skip


def detect_dialect(
    text: str, *, delimiter: str | None = None, quote: str | None = None, whole: bool = True, tabs: bool = False
) -> CsvDialect:
    """The dialect of a text that begins a file, with what the spec says of it; `whole` where it is all of the file."""
    mark = _MARK.match(text)
    if mark:
        text = text[mark.end() :]
        delimiter = delimiter or mark[1]
    lines = re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$", text)
    if not whole and len(lines) > 1:
        lines.pop()
    start = next((i for i, line in enumerate(lines) if line.strip(' \t\r\n,;|"')), 0)
    header, lines = lines[start] if lines else "", lines[start : start + _ROWS]
    between = [delimiter] if delimiter else [one for one in DELIMITERS if one in header]
    tried = [
        CsvDialect(one, found, escape, blanks, bool(mark))
        for one in between
        for found, escape, blanks in _quotings(one, quote, text)
    ]
    scores = {one: _score(lines, one) for one in tried}
    best = max(tried, key=lambda one: (round(scores[one][0], 3), scores[one][1]), default=None)
    if best is None or (not delimiter and scores[best][0] < 0.5 and not _named(header, best, tabs)):
        return _one_column(lines, quote, marked=bool(mark))
    return best


def _one_column(lines: Sequence[str], quote: str | None, *, marked: bool) -> CsvDialect:
    """A column of texts, which may begin with a quote that is theirs."""
    found = CsvDialect(_NOWHERE, '"' if quote is None else quote, marked=marked)
    begin = [line for line in lines if line.startswith('"')]
    wrapped = sum(line.rstrip("\r\n").endswith('"') for line in begin)
    if quote is None and begin and wrapped * 2 < len(begin) and _score(lines, found)[0] < 1:
        return CsvDialect(_NOWHERE, "", marked=marked)
    return found


def _quotings(delimiter: str, quote: str | None, text: str) -> list[tuple[str, str, bool]]:
    """(quote, escape, blanks) in which a text may be written, the usual one first."""
    usual = '"' if quote is None else quote
    found = [(usual, "", False)]
    if usual and delimiter + " " + usual in text:
        found.append((usual, "", True))
    if usual and "\\" + usual in text:
        found.append((usual, "\\", False))
    if quote is None and re.search(
        rf"(^|{re.escape(delimiter)})'[^\n]*'({re.escape(delimiter)}|\r?$)", text, re.MULTILINE
    ):
        found.append(("'", "", False))
    if quote is None and delimiter == "\t":
        found.append(("", "", False))
    return found


def _score(lines: Sequence[str], dialect: CsvDialect) -> tuple[float, int]:
    """(share of the lines that lie in rows with as many cells as the header, columns)."""
    width, fit, place = 0, 0, 0
    while place < len(lines):
        reader = dialect.reader(iter(lines[place:]))
        used = 0
        try:
            for cells in reader:
                width = width or len(cells)
                fit += (reader.line_num - used) if len(cells) == width or not cells else 0
                used = reader.line_num
        except csv.Error:
            place += used + 1
            continue
        break
    plain = sum(_wrapped(line, dialect) for line in lines[:50])
    rows = max(len(lines) - 1, 1)
    return (max(fit - 1, 0) / rows - 0.01 * plain if len(lines) > 1 else 0.0), width


def _wrapped(line: str, dialect: CsvDialect) -> bool:
    """Whether cells keep the single quotes around them that another dialect would take off."""
    cells = line.rstrip("\r\n").split(dialect.delimiter)
    return dialect.quote != "'" and len(cells) > 1 and all(len(c) > 1 and c[0] == c[-1] == "'" for c in cells)


def _named(header: str, dialect: CsvDialect, tabs: bool) -> bool:
    """Whether a header's cells look like names of columns, though no row is like it."""
    cells = header.strip("\r\n").split(dialect.delimiter)
    usual = dialect.delimiter == ("\t" if tabs else ",") or dialect.delimiter in ";\t|"
    return usual and all(_NAME.fullmatch(cell.strip(' "\ufeff')) for cell in cells)
