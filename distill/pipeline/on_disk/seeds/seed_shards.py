"""The seeds' files → shards of the seeds' table, and what is known of each row by its place: text key, id, stratum.

In the folder of the step: 00000.parquet … (columns of seeds.parquet, sorted), keys.npy, ids.npy, broken.parquet.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from distill.curate.shards import scatter, shards
from distill.curate.shards.partition import numbers, shard_of
from distill.curate.shards.shards import Shards
from distill.errors import Fault
from distill.pipeline.on_disk.meter import Meter
from distill.pipeline.on_disk.spill import need
from distill.pipeline.task_rows import TaskRows
from distill.records import Json
from distill.seeds import load
from distill.seeds.formats.file_format import AS_FOUND
from distill.seeds.formats.rows import matching_files
from distill.seeds.rows_to_seeds import SeedReader
from distill.similarity.keys import keys_of
from distill.spec import TaskSpec
from distill.tables.outcome import ordered

ROWS = 1 << 17
"""Rows of a shard, about."""
_PACKED = {".gz": 6, ".parquet": 4}
"""How many times as large a file is once it is read."""
_SPILLED, _SKETCH = 3, 300
"""Bytes of the spill folder for each byte of a row's text, about, and what the sketch and the numbers of a row take."""


@dataclass(frozen=True, slots=True)
class SeedShards:
    """What the step left."""

    shards: Shards
    folder: Path

    @property
    def keys(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bytes_]]:
        """Of each row the sixteen bytes of its text (`distill.similarity.keys`)."""
        found: np.ndarray[tuple[int, ...], np.dtype[np.bytes_]] = np.load(self.folder / "keys.npy")
        return found

    @property
    def ids(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
        """Of each row its seed id as a number."""
        found: np.ndarray[tuple[int, ...], np.dtype[np.uint64]] = np.load(self.folder / "ids.npy")
        return found

    @property
    def broken(self) -> pl.DataFrame:
        """The rows that could not be read, or are from before `seeds.since`."""
        return pl.read_parquet(self.folder / "broken" / "rows.parquet")

    @classmethod
    def of(cls, folder: Path) -> SeedShards:
        """What stands in a step's folder."""
        return cls(Shards.of(folder), folder)


def read(folder: Path, spec: TaskSpec, rows: TaskRows, meter: Meter, rows_a_shard: int = ROWS) -> Mapping[str, Json]:
    """Read, sort and write the seeds; SpecError with every fault of their files where the spec wants none."""
    if rows.used is None:
        raise ValueError("the task's rows were not read")
    reader, faults, strict = SeedReader(rows.used), list[Fault](), spec.seeds.broken == "refuse"
    found = load.rows_of(rows.paths, rows.form or AS_FOUND, None, faults, None if strict else reader.bad_rows)
    blocks = load.blocks((seed for row in found for seed in reader.seeds(*row)), by=spec.strata.by)
    parts = scatter.Scatter(folder / "parts")
    count = _throw(parts, blocks, rows, folder, meter, rows_a_shard)
    broken = load.finished(reader, faults, need_gold=not rows.pinned, strict=strict, empty=not count)
    (folder / "broken").mkdir()
    broken.write_parquet(folder / "broken" / "rows.parquet")
    _sorted(folder, meter, count)
    shutil.rmtree(folder / "parts")
    return {"rows": count}


def _throw(
    parts: scatter.Scatter,
    blocks: Iterator[pl.DataFrame],
    rows: TaskRows,
    folder: Path,
    meter: Meter,
    rows_a_shard: int,
) -> int:
    """Throw the blocks into as many shards as the files' sizes let expect; returns the rows."""
    first = next(blocks, None)
    if first is None:
        return 0
    sizes = [(path, path.stat().st_size) for path in matching_files(rows.paths, [])]
    size = sum(own * _PACKED.get(path.suffix.lower(), 1) for path, own in sizes)
    each = max(
        1.0, sum(float(first[name].str.len_bytes().sum()) for name in ("fields", "labels", "gold")) / first.height
    )
    expected = max(first.height, round(size / each))
    if expected > first.height:
        need(folder, round(expected * (each * _SPILLED + _SKETCH)), expected)
    shards, count = max(1, -(-expected // rows_a_shard)), 0
    every = meter.rows("read", itertools.chain([first], blocks), len, round(expected, -3), about=True)
    for block in every:
        parts.add(block, shard_of(numbers(block["seed_id"]), shards))
        count += block.height
    parts.close()
    return count


def _sorted(folder: Path, meter: Meter, count: int) -> None:
    """Sort each shard, and note its rows' keys and ids."""
    keys, ids = (
        list[np.ndarray[tuple[int, ...], np.dtype[np.bytes_]]](),
        list[np.ndarray[tuple[int, ...], np.dtype[np.uint64]]](),
    )

    def each() -> Iterator[pl.DataFrame]:
        for frame in meter.rows("sort", scatter.each(folder / "parts"), len, count):
            rows = ordered(frame)
            keys.append(keys_of(rows["input"]))
            ids.append(numbers(rows["seed_id"]))
            yield rows

    shards.write(folder, each())
    np.save(folder / "keys.npy", np.concatenate([np.empty(0, "S16"), *keys]))
    np.save(folder / "ids.npy", np.concatenate([np.empty(0, np.uint64), *ids]))
