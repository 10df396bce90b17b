"""Many seeds in little room: each is made when it is looked at.

A seed is some fifteen Python objects, 1.4 KiB of them for a message of thirty words, and a million are not to fill the
memory that the answers need. Here their texts lie in compressed columns, a few thousand rows each.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import orjson
import polars as pl

from distill.records import Json, Seed
from distill.tables.columns import Columns

_AT_ONCE = 10_000
_COLUMNS: Columns = {
    "fields": pl.String,
    "labels": pl.String,
    "gold": pl.String,
    "line": pl.Int64,
    "source": pl.String,
    "group": pl.String,
    "own_id": pl.String,
    "kept": pl.String,
}


@dataclass(frozen=True, slots=True, eq=False)
class PackedSeeds(Sequence[Seed]):
    """Build one with `of`; as a list of seeds, but that `==` is for the elements."""

    pieces: Sequence[bytes]
    length: int

    @classmethod
    def of(cls, seeds: Iterable[Seed]) -> PackedSeeds:
        """The seeds in their order."""
        pieces, length, rest = list[bytes](), 0, iter(seeds)
        while some := list(itertools.islice(rest, _AT_ONCE)):
            pieces.append(_pack(some))
            length += len(some)
        return cls(pieces, length)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Seed]:
        return itertools.chain.from_iterable(map(_unpack, self.pieces))

    @overload
    def __getitem__(self, at: int) -> Seed: ...
    @overload
    def __getitem__(self, at: slice) -> list[Seed]: ...
    def __getitem__(self, at: int | slice) -> Seed | list[Seed]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(self.length))]
        place = range(self.length)[at]
        return next(itertools.islice(_unpack(self.pieces[place // _AT_ONCE]), place % _AT_ONCE, None))


def _pack(seeds: Sequence[Seed]) -> bytes:
    rows = [
        (
            _spelt(dict(seed.fields)),
            _spelt(dict(seed.labels)),
            None if seed.gold is None else _spelt(dict(seed.gold)),
            seed.line,
            seed.source,
            seed.group,
            seed.own_id,
            _spelt(dict(seed.kept)),
        )
        for seed in seeds
    ]
    file = io.BytesIO()
    pl.DataFrame(rows, schema=_COLUMNS, orient="row").write_ipc(file, compression="zstd")
    return file.getvalue()


def _unpack(piece: bytes) -> Iterator[Seed]:
    rows = pl.read_ipc(io.BytesIO(piece))
    for fields, labels, gold, line, source, group, own_id, kept in rows.iter_rows():
        known = None if gold is None else _value(gold)
        yield Seed(_value(fields), _value(labels), known, line, source, group, own_id, _value(kept))


def _spelt(value: Json) -> str:
    """JSON with the keys in their order. Half an emoji or a huge integer, which orjson refuses, goes as ASCII behind a blank."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return " " + json.dumps(value)


def _value(spelt: str) -> Json:
    return json.loads(spelt) if spelt[0] == " " else orjson.loads(spelt)
