"""Seed files → seeds → the table of seeds.

Reads JSON Lines (split on "\\n" only, so U+2028 inside a message is safe), CSV and Parquet, or folders of
them. Every row is either a whole seed or a fault with its file and line; all faults are raised together as
one `SpecError`, before anything is paid. With `strict=False` the faulty rows are dropped and listed instead.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from distill import chat
from distill.errors import Fault, SpecError
from distill.outcome import dropped_frame, ordered
from distill.records import Json, Seed, canonical
from distill.seeds import chats as logs
from distill.seeds import files
from distill.seeds import rules as by_rule
from distill.seeds.files import Row
from distill.seeds.packed import Packed
from distill.seeds.rules import Rule
from distill.text import did_you_mean, storable, strict_json

SHOWN = 20
_AT_ONCE = 20_000
"""Seeds that are taken into the table at a time."""
SEEDS: dict[str, Any] = {
    "seed_id": pl.String,
    "line": pl.Int64,
    "source": pl.String,
    "fields": pl.String,
    "labels": pl.String,
    "stratum": pl.String,
    "gold": pl.String,
    "input": pl.String,
    "group": pl.String,
}


def read(
    paths: Sequence[Path],
    *,
    variables: Sequence[str],
    optional: Sequence[str] = (),
    chats: Mapping[str, bool] | None = None,
    label_columns: Sequence[str] = (),
    rules: Sequence[Rule] = (),
    gold: str | None = None,
    group: str | None = None,
    need_gold: bool = True,
    logged: bool = False,
    strict: bool = True,
) -> tuple[Sequence[Seed], pl.DataFrame]:
    """Seeds in file order, and a table of the rows dropped (empty unless `strict` is off).

    `optional` are further fields, of the rows that have them. `need_gold` is whether a row at least has the gold column.
    `chats` are those of the variables that hold a conversation, and whether it is the one to be answered; with `logged`
    each row is a logged chat, in one of the shapes of `seeds.chats`. `group` is the column that says what a row came from; a
    row that leaves it empty is a group of its own. `rules` give the labels that no column holds.
    """
    bad_rows: list[tuple[Path, int, Fault]] = []
    faults: list[Fault] = []
    known: set[str] = set()
    at: list[tuple[Path, int]] = []
    looked_at: dict[str, list[Json]] = {name: [] for rule in rules for name in rule.columns}

    def whole(path: Path, line: int, found: Row | ValueError) -> Iterator[Seed]:
        row = _chat(found) if logged else found
        wrong = [str(row)] if isinstance(row, ValueError) else _wrong(row, variables, chats or {}, label_columns, gold)
        bad_rows.extend((path, line, Fault(f"{path}:{line}", message)) for message in wrong)
        if isinstance(row, ValueError):
            return
        known.update(row)
        if not wrong:
            if rules:
                at.append((path, line))
            for name, values in looked_at.items():
                values.append(row.get(name))
            has = [name for name in optional if row.get(name) not in (None, "")]
            seed = _seed(row, [*variables, *has], label_columns, gold, at=(path.name, line))
            yield seed if group is None else replace(seed, group=_group(row.get(group)))

    rows = ((path, *numbered) for path in files.found(paths, faults) for numbered in files.rows(path, faults))
    seeds = Packed.of(seed for row in rows for seed in whole(*row))
    if rules and seeds:
        seeds = Packed.of(_ruled(seeds, rules, looked_at, at, bad_rows, faults))
    faults += _no_such_column(known, gold=gold if need_gold else None, group=group)
    if not seeds and not faults and not (strict and bad_rows):
        faults.append(Fault("", "no row can be used"))
    faults += [fault for _, _, fault in bad_rows] if strict else []
    if faults:
        raise SpecError("seeds", _clipped(faults))
    return seeds, _dropped(bad_rows)


def columns(paths: Sequence[Path], *, logged: bool = False) -> list[str]:
    """The column names of the first readable row of each file: what a template may name. Faults are `read`'s to list."""
    names: dict[str, None] = {}
    for path in files.found(paths, []):
        rows = (_chat(row) if logged else row for _, row in files.rows(path, []))
        first = next((row for row in rows if isinstance(row, dict)), {})
        names |= dict.fromkeys(first)
    return list(names)


def table(seeds: Sequence[Seed], *, by: Sequence[str] = ()) -> pl.DataFrame:
    """The table of `seeds` (schema `SEEDS`), sorted by seed_id; a stratum is a cell of the labels in `by`."""
    pieces, rows = [pl.DataFrame(schema=SEEDS)], (_row(seed, by) for seed in seeds)
    while some := list(itertools.islice(rows, _AT_ONCE)):
        pieces.append(pl.DataFrame(some, schema=SEEDS, orient="row"))
    return ordered(pl.concat(pieces))


def _row(seed: Seed, by: Sequence[str]) -> tuple[str | int | None, ...]:
    """A row of `SEEDS`."""
    return (
        seed.id,
        seed.line,
        seed.source,
        canonical(dict(seed.fields)),
        canonical(dict(seed.labels)),
        cell(seed.labels, by=by),
        None if seed.gold is None else canonical(dict(seed.gold)),
        input_of(seed.fields),
        seed.group or None,
    )


def cell(labels: Mapping[str, str], *, by: Sequence[str]) -> str:
    """`billing/abusive`; a slash inside a value is written `%2F` so that two cells never share a name. A label that is not
    known yet is left out.
    """
    return "/".join(labels[name].replace("/", "%2F") for name in by if name in labels) or "all"


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


def _no_such_column(known: Collection[str], **named: str | None) -> list[Fault]:
    """Columns that the spec names and no row has, by what they are for; nothing is said where no row could be read."""
    return [
        Fault("", f"no row has the {kind} column {name!r}{did_you_mean(name, known)}")
        for kind, name in named.items()
        if name is not None and known and name not in known
    ]


def _seed(
    row: Row, variables: Sequence[str], label_columns: Sequence[str], gold: str | None, *, at: tuple[str, int]
) -> Seed:
    return Seed(
        fields={name: row[name] for name in variables},
        labels={name: storable(_text(row[name])) for name in label_columns},
        gold=_gold(row.get(gold) if gold else None),
        source=storable(at[0]),
        line=at[1],
    )


def _ruled(
    seeds: Iterable[Seed], rules: Sequence[Rule], columns: Mapping[str, Sequence[Json]], at: Sequence[tuple[Path, int]],
    bad_rows: list[tuple[Path, int, Fault]], faults: list[Fault],
) -> Iterator[Seed]:  # fmt: skip
    """The seeds with the labels that rules give; rows that one gives nothing for are bad rows."""
    given: dict[str, list[str | None]] = {}
    for rule in rules:
        try:
            given[rule.label] = by_rule.labels(rule, columns)
        except ValueError as error:
            faults.append(Fault(f"strata.labels.{rule.label}", f"cannot be computed: {error}"))
    for i, (seed, (path, line)) in enumerate(zip(seeds, at, strict=True)):
        mine = {name: values[i] for name, values in given.items()}
        nothing = [name for name, value in mine.items() if value is None]
        bad_rows += [
            (path, line, Fault(f"{path}:{line}", f"the rule of the label {name!r} gives nothing for this row"))
            for name in nothing
        ]
        if not nothing:
            yield replace(seed, labels={**seed.labels, **{k: v for k, v in mine.items() if v is not None}})


def _gold(value: Json) -> dict[str, Json] | None:
    """The known answer: an object as it is or spelt in a string; a plain value becomes {"answer": value}."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = strict_json(value)
    return value if isinstance(value, dict) else {"answer": value}


def input_of(fields: Mapping[str, Json]) -> str:
    """The text by which a seed is compared with others."""
    return storable("\n".join(_shown(value) for value in fields.values()))


def _group(value: Json) -> str:
    """What a row came from, as text: 7 and "7" are one ticket."""
    return "" if value is None else storable(_text(value)).strip()


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
