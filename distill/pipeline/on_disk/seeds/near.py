"""Repeats among the seeds, and the edges between those that are near each other.

repeats/   alive.npy (a mark a row: whether it stays), dropped.parquet, sources.parquet
edges/     left.npy right.npy value.npy kind.npy, between rows that stay, by their places
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from distill.curate.shards import edges as near_edges
from distill.curate.shards import scatter, text_file
from distill.curate.shards.edges import Edges
from distill.curate.shards.partition import batches
from distill.pipeline.on_disk.meter import Meter
from distill.pipeline.on_disk.seeds.seed_shards import SeedShards
from distill.records import Json
from distill.seeds.split import without_repeats
from distill.similarity.arrays import Bools, Int64s
from distill.similarity.keys import first_of_equal
from distill.tables.outcome import dropped_frame
from distill.task.near_graph import NearRules
from distill.text.normalise import normalise

_BATCH = 1 << 17
AT = "__place"
"""The place of a row among all rows."""


def repeats(folder: Path, seeds: SeedShards, meter: Meter) -> Mapping[str, Json]:
    """Which rows say what another says: `without_repeats` over batches that hold all rows of a text."""
    _, group, sizes = np.unique(seeds.keys, return_inverse=True, return_counts=True)
    repeated = sizes[group] > 1
    target = np.full(len(group), -1, np.int64)
    target[repeated] = batches(group[repeated], _BATCH)
    thrown = scatter.Scatter(folder / "parts")
    for start, frame in meter.rows("repeats", seeds.shards.each(), lambda one: one[1].height, seeds.shards.height):
        own = target[start : start + frame.height]
        thrown.add(frame.with_columns(pl.Series(AT, np.arange(start, start + frame.height))), own)
    thrown.close()
    alive, dropped, sources = np.ones(len(group), np.bool_), [dropped_frame()], [_no_sources()]
    for batch in scatter.each(folder / "parts"):
        outcome = without_repeats(batch)
        alive[outcome.rejected[AT].to_numpy()] = False
        dropped.append(outcome.dropped)
        sources.append(_by_source(outcome.rejected, outcome.dropped))
    np.save(folder / "alive.npy", alive)
    pl.concat(dropped).write_parquet(folder / "dropped.parquet")
    pl.concat(sources).write_parquet(folder / "sources.parquet")
    return {"rows": int(alive.sum()), "dropped": int((~alive).sum())}


def _no_sources() -> pl.DataFrame:
    return pl.DataFrame(schema={"source": pl.String, "reason": pl.String, "len": pl.UInt32})


def _by_source(rejected: pl.DataFrame, dropped: pl.DataFrame) -> pl.DataFrame:
    """(source, reason, len) of rows that went; both tables have them in the same order."""
    named = rejected.select("source").with_columns(dropped["reason"])
    return named.group_by("source", "reason").len().cast({"len": pl.UInt32})


def alive(folder: Path) -> Bools:
    """A mark a row: whether it is no repeat."""
    found: Bools = np.load(folder / "alive.npy")
    return found


def edges(folder: Path, seeds: SeedShards, stays: Bools, how: NearRules, meter: Meter) -> Mapping[str, Json]:
    """The edges between the rows that stay: found between texts that differ, in the order in which they first stand."""
    keys = seeds.keys
    first = first_of_equal(keys)
    is_first = first == np.arange(len(keys))
    node_of = np.cumsum(is_first) - 1
    rows = np.full(int(is_first.sum()), -1, np.int64)
    rows[node_of[first[stays]]] = np.flatnonzero(stays)
    del keys, first
    text_file.write(folder / "texts.bin", _texts(seeds, is_first, meter))
    with text_file.TextFile(folder / "texts.bin") as texts:
        found = near_edges.edges(texts, folder, threshold=how.near, numbers=how.numbers, typos=how.typos)
    for path in [*folder.glob("*.bin"), *folder.glob("*.ends")]:
        path.unlink()
    save(folder, between_rows(found, rows))
    return {"edges": len(found)}


def _texts(seeds: SeedShards, wanted: Bools, meter: Meter) -> Iterator[str]:
    for start, frame in meter.rows(
        "texts", seeds.shards.each(["input"]), lambda one: one[1].height, seeds.shards.height
    ):
        own = frame.filter(pl.Series(wanted[start : start + frame.height]))
        yield from map(normalise, own["input"])


def between_rows(found: Edges, rows: Int64s) -> Edges:
    """Edges between texts as edges between the rows that have them."""
    ends = np.sort(np.stack((rows[found.left], rows[found.right])), axis=0)
    order = np.lexsort((ends[1], ends[0]))
    return Edges(ends[0][order], ends[1][order], found.value[order], found.kind[order])


def save(folder: Path, found: Edges) -> None:
    """Write edges, a file a column."""
    for name, column in (("left", found.left), ("right", found.right), ("value", found.value), ("kind", found.kind)):
        np.save(folder / f"{name}.npy", column)


def loaded(folder: Path) -> Edges:
    """The edges that `save` wrote."""
    left, right, value, kind = (np.load(folder / f"{name}.npy") for name in ("left", "right", "value", "kind"))
    return Edges(left, right, value, kind)
