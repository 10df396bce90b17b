"""The files that seeds are read from → numbered rows, each an object or what is wrong with it.

JSON (lines or a document), tables of text and Parquet, each as it is or packed with gzip; or folders and patterns of them.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl

from distill.errors import Fault
from distill.seeds.formats import csv_rows, encoding, json_rows, parquet_rows
from distill.seeds.formats.file_format import AS_FOUND, BadFile, FileFormat, Notes, NumberedRow
from distill.text.normalise import web_address

READERS: dict[str, Callable[[Path, FileFormat, Notes], Iterator[NumberedRow]]] = {
    ".jsonl": json_rows.rows,
    ".ndjson": json_rows.rows,
    ".json": json_rows.rows,
    ".csv": csv_rows.rows,
    ".tsv": csv_rows.rows,
    ".parquet": parquet_rows.rows,
}
_AS_CSV = "save the sheet as CSV UTF-8 and name that file"
_UNPACK = "unpack it and name the file that is in it, or pack it with gzip"
_MOVES = dict.fromkeys((".xlsx", ".xls", ".xlsm", ".ods", ".numbers"), _AS_CSV) | dict.fromkeys(
    (".zip", ".tar", ".7z", ".bz2", ".xz", ".zst", ".rar"), _UNPACK
)
_MOVES |= dict.fromkeys(
    (".txt", ".tab", ".psv", ".dat", ".log"), "a table's name ends in .csv or .tsv, lines of JSON in .jsonl"
)
_MOVES |= dict.fromkeys((".arrow", ".feather", ".orc", ".avro"), "write its rows as Parquet")
_MOVES |= dict.fromkeys((".sql", ".db", ".sqlite", ".sqlite3", ".dump"), "save the table as CSV")
_MOVES |= dict.fromkeys((".pkl", ".pickle", ".npy", ".npz", ".h5"), "save its rows as JSON Lines or Parquet")
_MOVES |= dict.fromkeys((".yaml", ".yml", ".xml", ".html"), "save its rows as CSV or JSON Lines")
_MAGIC = {
    b"PK\x03\x04": f"a workbook or a zip archive; {_AS_CSV}, or unpack it",
    b"\xd0\xcf\x11\xe0": f"an old Excel workbook; {_AS_CSV}",
    b"\x1f\x8b": "packed with gzip; let its name end in .gz",
    b"PAR1": "Parquet; let its name end in .parquet",
    b"%PDF": "a PDF; save its rows as CSV or JSON Lines",
    b"SQLite format 3": "an SQLite database; save its table as CSV",
    b"ARROW1": "an Arrow file; write its rows as Parquet",
    b"\x28\xb5\x2f\xfd": f"packed with zstd; {_UNPACK}",
    b"BZh9": f"packed with bzip2; {_UNPACK}",
    b"version https://git-lfs": "a pointer of Git LFS, not the file; fetch it with `git lfs pull`",
    b"<!doctype": "a web page; a page to sign in or of an error was saved in place of the file",
    b"<html": "a web page; save its table as CSV",
    b"<?xml": "XML; save its rows as CSV or JSON Lines",
}
_CONTROLS = frozenset(range(1, 32)) - frozenset(b"\t\n\v\f\r\x1a\x1b")
_MOST_CONTROLS = 12
"""Kinds of control characters that no text has at its beginning; UTF-16 without a mark may look as if it had a few."""
_TABLES = (".csv", ".tsv")
_JSON = re.compile(rb'(\xef\xbb\xbf)?\s*(\[\s*)?\{\s*"')


def matching_files(paths: Sequence[Path], faults: list[Fault]) -> Iterator[Path]:
    """Every file that the paths mean, a folder's in the order of their names; what is none goes to `faults`."""
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if _kind(p) in READERS and p.is_file() and not _hidden(p))
            if not inside:
                faults.append(Fault(str(path), f"this folder holds no {', '.join(READERS)} file"))
            yield from inside
        elif not path.is_file() and (alike := _alike(path)) is not None:
            if not alike:
                faults.append(Fault(str(path), f"no {', '.join(READERS)} file is like this pattern"))
            yield from alike
        elif (fault := _fault(path)) is not None:
            faults.append(Fault(str(path), fault))
        else:
            yield path


def _kind(path: Path) -> str:
    """What a file's name ends in, less `.gz`."""
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _alike(path: Path) -> list[Path] | None:
    """The files that a pattern means; None where it is none."""
    if not glob.has_magic(str(path)):
        return None
    every = (Path(one) for one in glob.glob(str(path), recursive=True))  # noqa: PTH207 - the pattern is a whole path, which Path.glob does not take
    return sorted(one for one in every if _kind(one) in READERS and one.is_file() and not _hidden(one))


def _hidden(path: Path) -> bool:
    """Whether a file is what a system or a program keeps beside others: `._a.csv`, `~$a.csv`."""
    return path.name.startswith((".", "~$"))


def _fault(path: Path) -> str | None:
    """Why a path is no file of rows."""
    if web_address(str(path)) and not path.exists():
        return "a web address, and nothing is fetched; download the file and name it"
    if path.is_symlink() and not path.exists():
        return "a link that leads nowhere"
    if not path.is_file() and path.exists():
        return "no plain file, and what it gives may have no end; write its rows into a file"
    if not path.is_file():
        return f"no such file or folder{_beside(path.parent)}"
    kind = _kind(path)
    if kind in READERS:
        return None
    move = f"; {_MOVES[kind]}" if kind in _MOVES else ""
    return f"ends in {path.suffix!r}, expected one of {', '.join(READERS)}, or one of them and .gz{move}"


def _beside(folder: Path) -> str:
    """The files of rows that a folder holds, for a name that was misspelt."""
    names = (
        sorted(one.name for one in folder.iterdir() if _kind(one) in READERS and not _hidden(one))
        if folder.is_dir()
        else []
    )
    return f"; the folder holds {', '.join(names[:6])}{', …' if len(names) > 6 else ''}" if names else ""


def read_rows(
    path: Path, faults: list[Fault], *, form: FileFormat = AS_FOUND, notes: Notes | None = None
) -> Iterator[NumberedRow]:
    """The rows of one file; what is wrong with the file as a whole goes to `faults`, what was found out of it to `notes`."""
    count = 0
    try:
        if (other := _other(path)) is not None:
            faults.append(Fault(str(path), f"it is {other}"))
            return
        for count, numbered in enumerate(READERS[_kind(path)](path, form, [] if notes is None else notes), 1):  # noqa: B007 - read below
            yield numbered
    except (*encoding.READ_ERRORS, pl.exceptions.PolarsError, pl.exceptions.PanicException, LookupError) as error:
        faults.append(Fault(str(path), f"cannot be read{_after(count)}: {error}"))
        return
    except BadFile as error:
        faults.append(Fault(str(path), str(error)))
        return
    if _kind(path) != ".parquet" and path.suffix.lower() == ".gz" and encoding.cut_off(path):
        faults.append(
            Fault(str(path), f"is cut off{_after(count)}, so what it holds behind that is lost; pack it again")
        )
    elif not count:
        faults.append(Fault(str(path), "holds no rows" if path.stat().st_size else "is empty: it holds no rows"))


def _after(count: int) -> str:
    return f" after its row {count}" if count else ""


def _decodes(head: bytes) -> bool:
    """Whether the beginning of a file is UTF-8, but for what was cut, or says that it is UTF-16."""
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) or not head.decode("utf-8", "replace")[:-4].count("\ufffd")


def _other(path: Path) -> str | None:
    """What a file is whose name says otherwise, from its first bytes."""
    with path.open("rb") as file:
        head = file.read(4096)
    packed, kind = path.suffix.lower() == ".gz", _kind(path)
    if packed and head and not head.startswith(b"\x1f\x8b"):
        return "not packed with gzip; take .gz off its name"
    if (
        not packed
        and kind != ".parquet"
        and (wild := len(_CONTROLS.intersection(head))) >= _MOST_CONTROLS
        and not _decodes(head)
    ):
        return f"no text: its beginning holds {wild} kinds of control characters; name the file that the rows were written to"
    for mark, what in _MAGIC.items():
        if (
            head.lstrip().lower().startswith(mark.lower())
            and not (mark == b"\x1f\x8b" and packed)
            and not (mark == b"PAR1" and kind == ".parquet")
        ):
            return what
    return "JSON; let its name end in .jsonl or .json" if kind in _TABLES and _JSON.match(head) else None
