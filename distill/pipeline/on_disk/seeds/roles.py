"""Test rows drawn and set aside, clusters named, and what is too near a test row left out: the rules of `distill.seeds.split`.

In the folder of the step: roots.npy (the row that each row's cluster is named for), role.npy (0 train, 1 test, 2 gone), dropped.parquet,
sources.parquet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from distill.curate.shards import scatter
from distill.curate.shards.components import among, batch_graph, components
from distill.curate.shards.edges import Edges
from distill.curate.shards.partition import LEAST_BATCH, batches
from distill.pipeline.on_disk.seeds.near import AT
from distill.pipeline.on_disk.seeds.seed_shards import SeedShards
from distill.records import Json
from distill.seeds import draw, split
from distill.seeds.split import Draw
from distill.similarity.arrays import Bools, Int64s
from distill.similarity.graph import Graph
from distill.tables.outcome import dropped_frame
from distill.task.near_graph import NearRules

TRAIN, TEST, GONE = 0, 1, 2
_BATCH = 1 << 16


@dataclass(frozen=True, slots=True)
class Linked:
    """The rows that have an edge, in batches of whole components; the rows of each lie in a file."""

    folder: Path
    edges: Edges
    how: NearRules

    def each(self) -> Iterator[tuple[pl.DataFrame, Graph]]:
        """(the rows of a batch in their order, with their places as `at`; the graph of their inputs)."""
        for rows in scatter.each(self.folder):
            own = among(self.edges, rows[AT].to_numpy())
            yield (
                rows,
                batch_graph(
                    rows["input"], own, threshold=self.how.near, typos=self.how.typos, numbers=self.how.numbers
                ),
            )


def batched(edges: Edges, rows: int, least: int = LEAST_BATCH) -> Int64s:
    """The batch of each of so many rows; -1 of a row without an edge."""
    target = np.full(rows, -1, np.int64)
    ends, roots = components(edges)
    target[ends] = batches(roots, max(least, _BATCH)) if len(ends) else []
    return target


def roles(
    folder: Path, seeds: SeedShards, stays: Bools, edges: Edges, how: NearRules, wanted: Draw, near: float, leak: float
) -> Mapping[str, Json]:
    """Draw the test rows; returns what seeds.json says of them."""
    linked = Linked(folder / "linked", edges, how)
    _throw_linked(linked, seeds, edges)
    roots = np.arange(seeds.shards.height)
    for rows, graph in linked.each():
        places = rows[AT].to_numpy()
        roots[places] = places[split.clusters(rows, near, graph)]
    facts = _Facts.of(seeds, wanted, stays)
    test, asked = _drawn(facts, seeds, edges, roots, wanted)
    drops = _of_groups(facts, test) | _near(linked, test, facts, leak)
    role = np.full(len(stays), TRAIN, np.uint8)
    role[~stays] = GONE
    role[test] = TEST
    role[list(drops)] = GONE
    np.save(folder / "roots.npy", roots)
    np.save(folder / "role.npy", role)
    _write_drops(folder, seeds, drops, facts)
    strata = facts.strata[test].to_frame("stratum").group_by("stratum").len().sort("stratum")
    return {
        "test": {"asked": asked, "got": len(test), "strata": dict(strata.iter_rows())},
        "gold": int(facts.gold[stays].sum()),
    }


@dataclass(frozen=True, slots=True)
class _Facts:
    """What of each row the drawing looks at."""

    strata: pl.Series
    gold: Bools
    groups: pl.Series | None
    """None where no row has one."""
    stays: Bools
    """Whether the row is no repeat."""
    fits: Bools
    """Whether it is none and has the labels of `where`."""
    order: Int64s
    """Rows by the file and line they stand at: of several test rows the first there is named."""

    @classmethod
    def of(cls, seeds: SeedShards, wanted: Draw, stays: Bools) -> _Facts:
        shards = seeds.shards
        groups = shards.column("group")
        fits = np.ones(shards.height, np.bool_)
        if wanted.where:
            known = {
                text: wanted.where.items() <= json.loads(text).items() for text in shards.column("labels").unique()
            }
            fits = shards.column("labels", lambda part: part.replace_strict(known, return_dtype=pl.Boolean)).to_numpy()
        source = shards.column("source").rank("dense").to_numpy()
        order = np.lexsort((np.arange(shards.height), shards.column("line").to_numpy(), source))
        return cls(
            shards.column("stratum"), shards.column("gold", lambda part: part.is_not_null()).to_numpy(),
            None if groups.null_count() == len(groups) else groups, stays, fits & stays, order,
        )  # fmt: skip


def _throw_linked(linked: Linked, seeds: SeedShards, edges: Edges) -> None:
    target = batched(edges, seeds.shards.height)
    thrown = scatter.Scatter(linked.folder)
    for start, frame in seeds.shards.each(["seed_id", "input", "stratum"]):
        own = target[start : start + frame.height]
        thrown.add(frame.with_columns(pl.Series(AT, np.arange(start, start + frame.height))), own)
    thrown.close()


def _drawn(facts: _Facts, seeds: SeedShards, edges: Edges, roots: Int64s, wanted: Draw) -> tuple[Int64s, int]:
    """(the places of the test rows, how many were asked)."""
    stays = facts.stays
    asked = wanted.rows if wanted.rows is not None else round((wanted.share or 0) * int(stays.sum()))
    known = facts.gold & stays
    if not wanted.gold:
        own, others = np.flatnonzero(facts.fits & ~known), np.zeros(0, np.int64)
    else:
        own = np.flatnonzero(facts.fits & (known if known.any() else stays))
        others = np.flatnonzero(facts.fits & ~known)
    whole = _drawn_from(facts, seeds, edges, roots, wanted.seed)
    test = draw.draw(whole, asked, own)
    if (lacking := asked - len(test)) > 0 and len(others):
        test = np.sort(np.concatenate([test, draw.draw(whole, lacking, others, test.tolist())]))
    return test, asked


def _drawn_from(facts: _Facts, seeds: SeedShards, edges: Edges, roots: Int64s, seed: int) -> draw.DrawnFrom:
    count = seeds.shards.height
    ends = np.concatenate((edges.left, edges.right))
    others = np.concatenate((edges.right, edges.left))
    order = np.argsort(ends, kind="stable")
    ends, others = ends[order], others[order]
    starts = np.searchsorted(ends, np.arange(count + 1))

    def near(row: int) -> list[int]:
        found: list[int] = others[starts[row] : starts[row + 1]].tolist()
        return found

    names = (f"{number:016x}" for number in seeds.ids)
    groups = np.zeros(count, np.uint64)
    if facts.groups is not None:
        own = (
            group if group is not None else f"{number:016x}"
            for group, number in zip(facts.groups, seeds.ids, strict=True)
        )
        groups = draw.hashes(own, "test group", seed, count=count)
    marks = draw.hashes(names, "test", seed, count=count)
    counts = dict(facts.strata.filter(pl.Series(facts.stays)).value_counts().iter_rows())
    return draw.DrawnFrom(facts.strata, roots, np.diff(starts), np.arange(count), near, groups, marks, counts)


Drops = dict[int, tuple[str, str]]


def _in_file_order(facts: _Facts, test: Int64s) -> Int64s:
    held = np.zeros(len(facts.order), np.bool_)
    held[test] = True
    found: Int64s = facts.order[held[facts.order]]
    return found


def _of_groups(facts: _Facts, test: Int64s) -> Drops:
    """Every row of a test row's group → that row, by its place; the name is put in where it is written."""
    if facts.groups is None:
        return {}
    groups = facts.groups
    whose = {groups[i]: i for i in reversed(_in_file_order(facts, test).tolist()) if groups[i] is not None}
    held = set(test.tolist())
    members = np.flatnonzero(groups.is_in(list(whose)).fill_null(False).to_numpy() & facts.stays)
    return {
        i: ("group_of_test_row", f"{groups[i]!r} is the group of test row {{{whose[groups[i]]}}}")
        for i in members.tolist()
        if i not in held
    }


def _near(linked: Linked, test: Int64s, facts: _Facts, leak: float) -> Drops:
    held, drops = _in_file_order(facts, test), Drops()
    for rows, graph in linked.each():
        places = rows[AT].to_numpy()
        own = held[np.isin(held, places)]
        if not len(own):
            continue
        found = split.near_them(rows, np.searchsorted(places, own), leak, graph, split.TEST)
        drops |= {int(places[i]): drop for i, drop in found.items()}
    return drops


def _write_drops(folder: Path, seeds: SeedShards, drops: Drops, facts: _Facts) -> None:
    places = np.array(sorted(drops), np.int64)
    ids = seeds.ids
    rows = [
        (f"{ids[i]:016x}", None, facts.strata[i], split.STAGE, drops[i][0], _named(drops[i][1], drops[i][0], ids))
        for i in places.tolist()
    ]
    frame = dropped_frame(rows)
    frame.write_parquet(folder / "dropped.parquet")
    gone = np.zeros(seeds.shards.height, np.bool_)
    gone[places] = True
    sources = [
        one["source"].filter(pl.Series(gone[start : start + one.height]))
        for start, one in seeds.shards.each(["source"])
    ]
    named = pl.DataFrame({"source": pl.concat(sources), "reason": frame["reason"]})
    named.group_by("source", "reason").len().cast({"len": pl.UInt32}).write_parquet(folder / "sources.parquet")


def _named(detail: str, reason: str, ids: np.ndarray[tuple[int, ...], np.dtype[np.uint64]]) -> str:
    """A detail with the id of the test row whose place it has."""
    if reason != "group_of_test_row":
        return detail
    said, _, place = detail.removesuffix("}").rpartition("{")
    return f"{said}{ids[int(place)]:016x}"
