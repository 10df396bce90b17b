"""A table that lies in a folder, a Parquet file a shard: one after the other they are the table in its order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from distill.similarity.arrays import Bools, Int64s


@dataclass(frozen=True, slots=True)
class Shards:
    """The files and how many rows each has."""

    files: Sequence[Path]
    sizes: Sequence[int]

    @property
    def height(self) -> int:
        """Rows of the whole table."""
        return sum(self.sizes)

    @classmethod
    def of(cls, folder: Path) -> Shards:
        """The shards of a folder, by the order of their names."""
        files = sorted(folder.glob("*.parquet"))
        return cls(files, [_height(file) for file in files])

    def each(self, columns: Sequence[str] | None = None) -> Iterator[tuple[int, pl.DataFrame]]:
        """(the place of its first row, the shard), in order."""
        start = 0
        for file, size in zip(self.files, self.sizes, strict=True):
            yield start, pl.read_parquet(file, columns=list(columns) if columns is not None else None)
            start += size

    def column(self, name: str, convert: Callable[[pl.Series], pl.Series] = lambda one: one) -> pl.Series:
        """A column of the whole table; `convert` makes less of each shard's before they are put together."""
        parts = [convert(frame[name]) for _, frame in self.each([name])]
        return pl.concat(parts) if parts else pl.Series(name, [], dtype=pl.String)


def _height(file: Path) -> int:
    return int(pl.scan_parquet(file).select(pl.len()).collect().item())


def write(folder: Path, frames: Iterable[pl.DataFrame]) -> Shards:
    """Write frames as the shards of a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    files, sizes = list[Path](), list[int]()
    for number, frame in enumerate(frames):
        file = folder / f"{number:05}.parquet"
        frame.write_parquet(file, compression="zstd")
        files.append(file)
        sizes.append(frame.height)
    return Shards(files, sizes)


@dataclass(slots=True)
class StoredRows:
    """The rows of a table of shards that are marked, as `distill.curate.leaks` reads them: in order, and few of them again."""

    shards: Shards
    places: Int64s
    """The rows' places in the whole table, ascending."""
    _starts: Int64s = field(init=False)
    _held: tuple[int, pl.DataFrame] | None = None

    def __post_init__(self) -> None:
        self._starts = np.cumsum([0, *self.shards.sizes]).astype(np.int64)

    @classmethod
    def marked(cls, shards: Shards, marks: Bools) -> StoredRows:
        """The rows whose mark is set."""
        return cls(shards, np.flatnonzero(marks))

    @property
    def height(self) -> int:
        """How many rows."""
        return len(self.places)

    def slice(self, start: int, length: int, columns: Sequence[str]) -> pl.DataFrame:
        """So many rows from one on."""
        places, parts = self.places[start : start + length], list[pl.DataFrame]()
        while len(places):
            number = self._number(int(places[0]))
            here = places < self._starts[number + 1]
            parts.append(self._shard(number).select(columns)[places[here] - self._starts[number]])
            places = places[~here]
        return pl.concat(parts)

    def cells(self, at: int, columns: Sequence[str]) -> tuple[str, ...]:
        """One row."""
        place = int(self.places[at])
        number = self._number(place)
        shard = self._shard(number)
        return tuple(shard[name][place - int(self._starts[number])] for name in columns)

    def _number(self, place: int) -> int:
        return int(np.searchsorted(self._starts, place, side="right")) - 1

    def _shard(self, number: int) -> pl.DataFrame:
        if self._held is None or self._held[0] != number:
            self._held = None  # or both would be in memory
            self._held = number, pl.read_parquet(self.shards.files[number], columns=list(_TEXTS))
        return self._held[1]


_TEXTS = ("input", "answer", "tool_calls")
