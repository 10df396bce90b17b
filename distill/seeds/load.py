"""Seed files → seeds → the table of seeds.

Reads what `distill.seeds.formats.rows` does. Every row is either a whole seed or a fault with its file and line; all faults are
raised together as one `SpecError`, before anything is paid. With `strict=False` the faulty rows, and files that cannot be read
beside others that can, are dropped and listed instead.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from distill.chat import conversation
from distill.errors import Fault, SpecError
from distill.records import Json, Seed, canonical
from distill.seeds import sql_labels
from distill.seeds.chat_logs.chats import row_of
from distill.seeds.faults import fault_summary
from distill.seeds.faults.fault_summary import BadRow
from distill.seeds.formats.file_format import AS_FOUND, FileFormat, Notes, RawRow
from distill.seeds.formats.rows import matching_files, read_rows
from distill.seeds.packed import PackedSeeds
from distill.seeds.rows_to_seeds import SeedColumns, SeedReader, text_of
from distill.tables.columns import SEEDS
from distill.tables.outcome import ordered
from distill.text.normalise import did_you_mean, storable

_AT_ONCE = 20_000
"""Seeds that are taken into the table at a time."""
_LOOKED_AT = 200
"""Rows of a file whose columns are known: one alone may lack what all others have."""


def read(
    paths: Sequence[Path], columns: SeedColumns, *, need_gold: bool = True, strict: bool = True,
    form: FileFormat = AS_FOUND, notes: Notes | None = None, head: int | None = None,
) -> tuple[Sequence[Seed], pl.DataFrame]:  # fmt: skip
    """Seeds in file order, the first `head` of them; and a table of the rows dropped: those from before `columns.since`, and unless
    `strict` broken ones.

    `need_gold` is whether a row at least has the gold column. What was found out about the files goes to `notes`.
    """
    reader, faults = SeedReader(columns), list[Fault]()
    rows = rows_of(paths, form, notes, faults, None if strict else reader.bad_rows)
    seeds = PackedSeeds.of(itertools.islice((seed for row in rows for seed in reader.seeds(*row)), head))
    if columns.rules and seeds:
        seeds = PackedSeeds.of(_labelled_by_rule(seeds, reader, faults))
    if notes is not None:
        notes += [f"{count} {note}" for note, count in reader.tally.items() if count]
        notes += reader.times.notes(columns.since) if columns.since else []
    return seeds, finished(reader, faults, need_gold=need_gold, strict=strict, empty=not seeds)


def finished(reader: SeedReader, faults: list[Fault], *, need_gold: bool, strict: bool, empty: bool) -> pl.DataFrame:
    """The rows that a reader dropped, when all are read; SpecError with what is wrong (`_raise`), `faults` of whole files among it."""
    columns = reader.columns
    faults += _no_such_column(
        reader.names, gold=columns.gold if need_gold else None, group=columns.group, id=columns.id,
        time=columns.since.column if columns.since else None,
    )  # fmt: skip
    faults += [one for name in columns.keep for one in _no_such_column(reader.names, kept=name)]
    if columns.since and reader.times.older and empty and not faults:
        faults.append(
            Fault("", f"all {len(reader.times.older):,} rows are from before seeds.since; name an earlier time")
        )
    _raise(faults, reader.bad_rows, strict=strict, empty=empty)
    return pl.concat([fault_summary.dropped_rows(reader.bad_rows), reader.times.dropped()])


def rows_of(
    paths: Sequence[Path], form: FileFormat, notes: Notes | None, faults: list[Fault], bad_files: list[BadRow] | None
) -> Iterator[tuple[Path, int, RawRow | ValueError]]:
    """The rows of all files. A file that cannot be read is a bad row where such are dropped, else a fault."""
    for path in matching_files(paths, faults):
        own: list[Fault] = []
        yield from ((path, *row) for row in read_rows(path, own, form=form, notes=notes))
        if bad_files is None:
            faults.extend(own)
        else:
            bad_files.extend(BadRow(path, 0, fault.message) for fault in own)


def _no_such_column(known: Collection[str], **named: str | None) -> list[Fault]:
    """Columns that the spec names and no row has, by what they are for; nothing is said where no row could be read."""
    return [
        Fault("", f"no row has the {kind} column {name!r}{did_you_mean(name, known)}")
        for kind, name in named.items()
        if name is not None and known and name not in known
    ]


def _raise(faults: Sequence[Fault], bad_rows: Sequence[BadRow], *, strict: bool, empty: bool) -> None:
    """SpecError with what is wrong: files first, then rows, unless they are dropped and others are left."""
    found = list(faults)
    if strict or (empty and not faults):
        found += fault_summary.summarised(bad_rows)
    if empty and not faults and not (strict and bad_rows):
        found.append(Fault("", "no row can be used"))
    if found:
        raise SpecError("seeds", found)


def columns(paths: Sequence[Path], *, logged: bool = False, form: FileFormat = AS_FOUND) -> list[str]:
    """The column names of the first readable rows of each file: what a template may name. Faults are `read`'s to list."""
    names: dict[str, None] = {}
    for path in matching_files(paths, []):
        rows = (row for _, row in read_rows(path, [], form=form) if isinstance(row, dict))
        for row in itertools.islice(rows, _LOOKED_AT):
            names |= dict.fromkeys(_chat(row) if logged else row)
    names.pop(conversation.REQUEST, None)
    return list(names)


def table(seeds: Sequence[Seed], *, by: Sequence[str] = ()) -> pl.DataFrame:
    """The table of `seeds` (schema `SEEDS`), sorted by seed_id; a stratum is a cell of the labels in `by`."""
    return ordered(pl.concat([pl.DataFrame(schema=SEEDS), *blocks(seeds, by=by)]))


def blocks(seeds: Iterable[Seed], *, by: Sequence[str] = ()) -> Iterator[pl.DataFrame]:
    """The same in blocks, in the order of the seeds."""
    rows = (_row(seed, by) for seed in seeds)
    while some := list(itertools.islice(rows, _AT_ONCE)):
        yield pl.DataFrame(some, schema=SEEDS, orient="row")


def _row(seed: Seed, by: Sequence[str]) -> tuple[str | int | None, ...]:
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
        seed.own_id or None,
        canonical(dict(seed.kept)) if seed.kept else None,
    )


def cell(labels: Mapping[str, str], *, by: Sequence[str]) -> str:
    """`billing/abusive`; a slash inside a value is written `%2F` so that two cells never share a name. A label that is not
    known yet is left out.
    """
    return "/".join(labels[name].replace("/", "%2F") for name in by if name in labels) or "all"


def _chat(row: RawRow) -> RawRow:
    """A logged chat as a row; an empty one where it is none."""
    try:
        return row_of(row)
    except ValueError:
        return {}


def _labelled_by_rule(seeds: Iterable[Seed], reader: SeedReader, faults: list[Fault]) -> Iterator[Seed]:
    """The seeds with the labels that rules give; rows that one gives nothing for are bad rows."""
    given: dict[str, list[str | None]] = {}
    for rule in reader.columns.rules:
        try:
            given[rule.label] = sql_labels.labels(rule, reader.rule_inputs)
        except ValueError as error:
            faults.append(Fault(f"strata.labels.{rule.label}", f"cannot be computed: {error}"))
    for i, (seed, (path, line)) in enumerate(zip(seeds, reader.at, strict=True)):
        own = {name: values[i] for name, values in given.items()}
        nothing = [name for name, value in own.items() if value is None]
        reader.bad_rows += [
            BadRow(path, line, f"the rule of the label {name!r} gives nothing for this row") for name in nothing
        ]
        if not nothing:
            yield replace(seed, labels={**seed.labels, **{k: v for k, v in own.items() if v is not None}})


def input_of(fields: Mapping[str, Json]) -> str:
    """The text by which a seed is compared with others."""
    return storable("\n".join(_shown(value) for name, value in fields.items() if name != conversation.REQUEST))


def _shown(value: Json) -> str:
    """A field as it is compared with others: a conversation by what is said in it."""
    said = conversation.text(value)
    return text_of(value) if said is None else said
