"""Seed files → seeds → the table of seeds.

Reads JSON Lines (split on "\\n" only, so U+2028 inside a message is safe), CSV and Parquet, or folders of
them. Every row is either a whole seed or a fault with its file and line; all faults are raised together as
one `SpecError`, before anything is paid. With `strict=False` the faulty rows are dropped and listed instead.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from distill import chat
from distill.errors import Fault, SpecError
from distill.outcome import dropped_frame, ordered
from distill.records import Json, Seed, canonical
from distill.seeds import chats as logs
from distill.text import did_you_mean, storable, strict_json

SHOWN = 20
SEEDS: dict[str, Any] = {
    "seed_id": pl.String,
    "line": pl.Int64,
    "source": pl.String,
    "fields": pl.String,
    "labels": pl.String,
    "stratum": pl.String,
    "gold": pl.String,
    "input": pl.String,
}
Row = dict[str, Json]
Numbered = tuple[int, Row | ValueError]


def read(
    paths: Sequence[Path],
    *,
    variables: Sequence[str],
    optional: Sequence[str] = (),
    chats: Mapping[str, bool] | None = None,
    label_columns: Sequence[str] = (),
    gold: str | None = None,
    logged: bool = False,
    strict: bool = True,
) -> tuple[list[Seed], pl.DataFrame]:
    """Seeds in file order, and a table of the rows dropped (empty unless `strict` is off).

    `optional` are further fields, of the rows that have them.
    `chats` are those of the variables that hold a conversation, and whether it is the one to be answered; with `logged`
    each row is a logged chat, in one of the shapes of `seeds.chats`.
    """
    seeds: list[Seed] = []
    bad_rows: list[tuple[Path, int, Fault]] = []
    faults: list[Fault] = []
    known: set[str] = set()
    for path in files(paths, faults):
        for line, found in rows_of(path, faults):
            row = _chat(found) if logged else found
            wrong = (
                [str(row)] if isinstance(row, ValueError) else _wrong(row, variables, chats or {}, label_columns, gold)
            )
            bad_rows += [(path, line, Fault(f"{path}:{line}", message)) for message in wrong]
            if isinstance(row, dict):
                known.update(row)
                if not wrong:
                    has = [name for name in optional if row.get(name) not in (None, "")]
                    seeds.append(_seed(row, [*variables, *has], label_columns, gold, at=(path.name, line)))
    if gold is not None and known and gold not in known:
        faults.append(Fault("", f"no row has the gold column {gold!r}{did_you_mean(gold, known)}"))
    if not seeds and not faults and not (strict and bad_rows):
        faults.append(Fault("", "no row can be used"))
    faults += [fault for _, _, fault in bad_rows] if strict else []
    if faults:
        raise SpecError("seeds", _clipped(faults))
    return seeds, _dropped(bad_rows)


def columns(paths: Sequence[Path], *, logged: bool = False) -> list[str]:
    """The column names of the first readable row of each file: what a template may name. Faults are `read`'s to list."""
    names: dict[str, None] = {}
    for path in files(paths, []):
        rows = (_chat(row) if logged else row for _, row in rows_of(path, []))
        first = next((row for row in rows if isinstance(row, dict)), {})
        names |= dict.fromkeys(first)
    return list(names)


def table(seeds: Sequence[Seed], *, by: Sequence[str] = ()) -> pl.DataFrame:
    """The table of `seeds` (schema `SEEDS`), sorted by seed_id; a stratum is a cell of the labels in `by`."""
    rows = [
        (
            seed.id,
            seed.line,
            seed.source,
            canonical(dict(seed.fields)),
            canonical(dict(seed.labels)),
            cell(seed.labels, by=by),
            None if seed.gold is None else canonical(dict(seed.gold)),
            storable("\n".join(_shown(value) for value in seed.fields.values())),
        )
        for seed in seeds
    ]
    return ordered(pl.DataFrame(rows, schema=SEEDS, orient="row"))


def cell(labels: Mapping[str, str], *, by: Sequence[str]) -> str:
    """`billing/abusive`; a slash inside a value is written `%2F` so that two cells never share a name."""
    return "/".join(labels[name].replace("/", "%2F") for name in by) or "all"


def files(paths: Sequence[Path], faults: list[Fault]) -> Iterator[Path]:
    """Every readable file of some files and folders; what is wrong with one goes to `faults`."""
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


def rows_of(path: Path, faults: list[Fault]) -> Iterator[Numbered]:
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
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    for line, raw in enumerate(data.split(b"\n"), 1):
        if raw.strip():
            yield line, _object(raw)


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


def _chat(row: Row | ValueError) -> Row | ValueError:
    """A logged chat as a row, or what is wrong with it."""
    try:
        return logs.row_of(row) if isinstance(row, dict) else row
    except ValueError as error:
        return error


def _wrong(
    row: Row, variables: Collection[str], chats: Mapping[str, bool], label_columns: Collection[str], gold: str | None
) -> list[str]:
    """What keeps a row from being a seed, a sentence each."""
    wrong = []
    for name in dict.fromkeys([*variables, *label_columns]):
        kind = "variable" if name in variables else "label"
        if name not in row:
            wrong.append(f"no {kind} {name!r}{did_you_mean(name, row)}")
        elif row[name] is None or row[name] == "":
            wrong.append(f"the {kind} {name!r} is empty")
        elif name in label_columns and isinstance(row[name], dict | list):
            wrong.append(f"the label {name!r} is a {type(row[name]).__name__}, expected one plain value")
        elif name in chats:
            try:
                chat.turns(row[name], last=chats[name])
            except ValueError as error:
                wrong.append(f"the conversation {name!r}: {error}")
    for name in [*variables, *label_columns, *([gold] if gold else [])]:
        try:
            canonical(row.get(name))
        except (TypeError, ValueError):
            wrong.append(f"the value of {name!r} is no JSON value: {str(row[name])[:40]!r}")
    try:
        _gold(row.get(gold) if gold else None)
    except ValueError as error:
        wrong.append(f"the gold {gold!r} starts like an object but is none: {error}")
    return wrong


def _seed(
    row: Row, variables: Sequence[str], label_columns: Sequence[str], gold: str | None, *, at: tuple[str, int]
) -> Seed:
    return Seed(
        fields={name: row[name] for name in variables},
        labels={name: storable(_text(row[name])) for name in label_columns},
        gold=_gold(row.get(gold) if gold else None),
        source=at[0],
        line=at[1],
    )


def _gold(value: Json) -> dict[str, Json] | None:
    """The known answer: an object as it is or spelt in a string; a plain value becomes {"answer": value}."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = strict_json(value)
    return value if isinstance(value, dict) else {"answer": value}


def _shown(value: Json) -> str:
    """A field as it is compared with others: a conversation by what is said in it."""
    said = chat.text(value)
    return _text(value) if said is None else said


def _text(value: Json) -> str:
    return value if isinstance(value, str) else canonical(value)


def _clipped(faults: list[Fault]) -> list[Fault]:
    more = len(faults) - SHOWN
    return faults if more <= 0 else [*faults[:SHOWN], Fault("", f"and {more} more ({len(faults)} in all)")]


def _dropped(bad_rows: list[tuple[Path, int, Fault]]) -> pl.DataFrame:
    messages: dict[str, list[str]] = {}
    for path, line, fault in bad_rows:
        messages.setdefault(f"{path.name}:{line}", []).append(fault.message)
    return dropped_frame(
        (row, None, "", "seeds", "unreadable", storable("; ".join(said))) for row, said in messages.items()
    )
