"""The stage `generate` of a run that is curated on disk: its seeds as tables of the run, where nobody is asked anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from distill.atomic_write import sink_parquet, write_json, write_parquet
from distill.curate.shards import shards
from distill.curate.shards.edges import KINDS, Edges
from distill.errors import SpecError
from distill.pipeline.on_disk.limits import unmet
from distill.pipeline.on_disk.meter import Meter
from distill.pipeline.on_disk.seeds import near, roles, seed_shards
from distill.pipeline.on_disk.seeds.seed_shards import SeedShards
from distill.pipeline.on_disk.spill import Spill
from distill.pipeline.task_rows import TaskRows
from distill.records import Json
from distill.seeds.split import STAGE, Draw, by_source
from distill.similarity.arrays import Int64s
from distill.spec import TaskSpec
from distill.tables.columns import ASKED, PAIRS
from distill.task import near_graph
from distill.task.run import ActiveRun

OUTPUTS = ["seeds.parquet", "seeds_dropped.parquet", "pairs.parquet", "asked.parquet", "seeds.json", "exam.json"]


@dataclass(frozen=True, slots=True)
class SeedSteps:
    """The folders of the steps that the run's tables are made of."""

    seeds: SeedShards
    repeats: Path
    edges: Path
    roles: Path


def work(
    run: ActiveRun, spill: Spill, rows: TaskRows, meter: Meter, rows_a_shard: int = seed_shards.ROWS
) -> Mapping[str, Json]:
    """Read, compare and split the seeds, and write the run's tables of them."""
    steps = _steps(run.task.spec, spill, rows, meter, rows_a_shard)
    with spill.writing("the run's tables of seeds"):
        _write(run, spill, steps)
    if faults := unmet(run.task, run.scan("seeds.parquet")):
        raise SpecError(str(run.task.path), faults)
    return {"asked": 0, "owed": 0}


def _steps(spec: TaskSpec, spill: Spill, rows: TaskRows, meter: Meter, rows_a_shard: int) -> SeedSteps:
    how = near_graph.comparison(spec)
    seeds = SeedShards.of(spill.step("read", lambda folder: seed_shards.read(folder, spec, rows, meter, rows_a_shard)))
    repeats = spill.step("repeats", lambda folder: near.repeats(folder, seeds, meter))
    stays = near.alive(repeats)
    edges = spill.step("edges", lambda folder: near.edges(folder, seeds, stays, how, meter))
    test, leak = spec.seeds.test, near_graph.leak(spec)
    wanted = Draw(test.share, test.rows, spec.seeds.gold_rows != "train" or test.gold, test.where, test.seed)
    found = near.loaded(edges)
    split = spill.step(
        "roles", lambda folder: roles.roles(folder, seeds, stays, found, how, wanted, spec.dedup.near, leak)
    )
    return SeedSteps(seeds, repeats, edges, split)


def _write(run: ActiveRun, spill: Spill, steps: SeedSteps) -> None:
    folder, seeds, role = run.folder.path, steps.seeds, np.load(steps.roles / "role.npy")
    table = spill.step("seeds", lambda own: {"rows": shards.write(own, _table(steps, role)).height})
    sink_parquet(folder / "seeds.parquet", pl.scan_parquet(table / "*.parquet"))
    gone = pl.concat([pl.read_parquet(one / "dropped.parquet") for one in (steps.repeats, steps.roles)])
    gone, broken = gone.sort("row", "reason", "detail"), seeds.broken
    dropped = pl.concat([broken, gone]) if broken.height else gone
    write_parquet(folder / "seeds_dropped.parquet", dropped)
    write_parquet(folder / "pairs.parquet", _pairs(near.loaded(steps.edges), seeds, role))
    write_parquet(folder / "asked.parquet", pl.DataFrame(schema=ASKED))
    write_json(folder / "exam.json", {})
    how = near_graph.comparison(run.task.spec)
    graph = {
        "near": how.near,
        "meaning": how.meaning,
        "typos": how.typos,
        "numbers": how.numbers,
        "compared_as": near_graph.COMPARED_AS,
    }
    reasons = dict(sorted(Counter(dropped["reason"].to_list()).items()))
    kept = int((role != roles.GONE).sum())
    line = {"stage": STAGE, "in": kept + dropped.height, "kept": kept, "dropped": reasons}
    known = {"test": spill.noted("roles")["test"], "sources": _sources(steps, seeds, role)}
    write_json(folder / "seeds.json", {**line, **known, "graph": graph, "expand": None})


def _table(steps: SeedSteps, role: Int64s) -> Iterator[pl.DataFrame]:
    """The rows of seeds.parquet, a shard at a time."""
    roots, ids = np.load(steps.roles / "roots.npy"), steps.seeds.ids
    names = np.array(["train", "test", "gone"])
    for start, frame in steps.seeds.shards.each():
        own = slice(start, start + frame.height)
        cluster = [f"{number:016x}" for number in ids[roots[own]].tolist()]
        marked = frame.with_columns(
            cluster=pl.Series(cluster, dtype=pl.String), role=pl.Series(names[role[own]].tolist(), dtype=pl.String)
        )
        yield marked.filter(pl.col("role") != "gone")


def _pairs(edges: Edges, seeds: SeedShards, role: Int64s) -> pl.DataFrame:
    both = (role[edges.left] != roles.GONE) & (role[edges.right] != roles.GONE)
    ids = seeds.ids
    left, right = ([f"{number:016x}" for number in ids[ends[both]].tolist()] for ends in (edges.left, edges.right))
    kinds = [KINDS[kind] for kind in edges.kind[both].tolist()]
    return pl.DataFrame({"a": left, "b": right, "similarity": edges.value[both], "kind": kinds}, schema=PAIRS)


def _sources(steps: SeedSteps, seeds: SeedShards, role: Int64s) -> dict[str, dict[str, int]]:
    """Of each source that lost rows how many came ("in"), and how many went for which reason."""
    lost = pl.concat([pl.read_parquet(folder / "sources.parquet") for folder in (steps.repeats, steps.roles)])
    if not lost.height:
        return {}
    kept = (
        frame.filter(pl.Series(role[start : start + frame.height] != roles.GONE))
        for start, frame in seeds.shards.each(["source"])
    )
    return by_source(pl.concat([frame["source"] for frame in kept]), lost)
