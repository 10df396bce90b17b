"""Rows thrown into numbered Parquet files, a shuffle through the disk: table after table in, a file a target out.

What waits in memory is bounded by rows, not by targets: when so many wait, each target's go into a part of its own, and the
parts of a target are put together when it is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from distill.similarity.arrays import Int64s

_WAITING = 1 << 18
"""Rows that wait in memory for their files."""


class Scatter:
    """Throws rows into files of a folder; call `close` when all are thrown. Rows of a target keep the order they came in."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._waiting, self._count, self._flushes = folder, list[pl.DataFrame](), 0, 0
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, rows: pl.DataFrame, targets: Int64s) -> None:
        """Throw rows: `targets` has the number of the file of each; rows with a negative one are left out."""
        some = rows.with_columns(pl.Series(_TARGET, targets, dtype=pl.Int32)).filter(pl.col(_TARGET) >= 0)
        if some.height:
            self._waiting.append(some)
            self._count += some.height
        if self._count >= _WAITING:
            self._flush()

    def close(self) -> None:
        """Write what waits."""
        self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        for (target,), part in pl.concat(self._waiting).partition_by(_TARGET, as_dict=True, include_key=False).items():
            folder = self._folder / f"{target:05}"
            folder.mkdir(exist_ok=True)
            part.write_parquet(folder / f"{self._flushes:06}.parquet", compression="lz4")
        self._waiting, self._count, self._flushes = [], 0, self._flushes + 1


_TARGET = "__target"


def targets(folder: Path) -> list[int]:
    """The targets that have rows, ascending."""
    return sorted(int(one.name) for one in folder.iterdir()) if folder.exists() else []


def gathered(folder: Path, target: int) -> pl.DataFrame:
    """All rows of a target, in the order they were thrown."""
    return pl.concat([pl.read_parquet(part) for part in sorted((folder / f"{target:05}").iterdir())])


def each(folder: Path) -> Iterator[pl.DataFrame]:
    """The rows of every target, one after the other."""
    return (gathered(folder, target) for target in targets(folder))
