"""`seeds.grow` in a refresh: the misses of the run before become rows that the next one asks for. growth.json in its folder says which.

    growth = growth_of(task, parent, seeds)     what a refresh of `parent` grows
    task = with_growth(task, growth)            the task with it: its quotas hold the rows more
    task = as_grown(task, folder)               the same of a run that has its growth.json

A refresh carries on what its parent grew, whether or not it grows more. A run that refreshes no other grows nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import PurePath

import polars as pl

from distill.atomic_write import write_json
from distill.evaluate.diagnosis.misses import misses
from distill.records import Seed
from distill.rundir import RunDir, read_parquet, read_result
from distill.seeds import load
from distill.strata.growth import StrataGrowth, grown
from distill.task.task import Task

FILE = "growth.json"
MISSES = "the misses of"
"""How the change is called that `seeds.grow` makes of a run's evaluation."""


def growth_of(task: Task, parent: RunDir, seeds: Iterable[Seed]) -> StrataGrowth | None:
    """What a refresh of a run grows; `seeds` are the task's, with their labels. None where nothing grows, or grew before."""
    grow, before = task.spec.seeds.grow, read_growth(parent)
    earlier = before.strata if before else []
    if grow is None:
        carried = [replace(one, new=0, harvested=0) for one in earlier]
        return replace(before, strata=carried) if before else None
    found, files = misses(parent), [PurePath(name).name for name in grow.harvested]
    table = read_parquet(parent / "seeds.parquet", ["seed_id", "stratum", "labels", "role"])
    known = set(table["seed_id"])
    by = task.spec.strata.by
    labels = _labels(table, by)
    fresh = [seed for seed in seeds if seed.source in files and seed.id not in known]
    labels |= {
        load.cell(seed.labels, by=by): {name: seed.labels[name] for name in by if name in seed.labels} for seed in fresh
    }
    kept = read_parquet(parent / "samples.parquet", ["stratum", "fate"]).filter(pl.col("fate") != "dropped")
    strata = grown(
        found.losses, Counter(load.cell(seed.labels, by=by) for seed in fresh), had=Counter(kept["stratum"].to_list()),
        labels=labels, rows=grow.rows, before=earlier,
    )  # fmt: skip
    return StrataGrowth(parent.name, found.metric, strata, files) if strata else None


def due(task: Task, run: RunDir) -> bool:
    """Whether a refresh of a run would grow strata by its misses alone."""
    if task.spec.seeds.grow is None:
        return False
    found = growth_of(task, run, ())
    return found is not None and bool(found.new)


def left_out(task: Task, folder: RunDir, *, new: bool) -> str:
    """What a person should know where `seeds.grow` is set and a run that is no refresh begins, or goes on; nothing where nothing would grow."""
    if task.spec.seeds.grow is None or (folder / FILE).exists():
        return ""
    if new:
        return "a new run begins without growth (seeds.grow): `distill refresh` grows the strata that the run before missed"
    done = "report" in folder.manifest()["stages"] and due(task, folder)
    return (
        f"{MISSES} {folder.name} are due to grow strata (seeds.grow): `distill refresh` plans and asks it"
        if done
        else ""
    )


def _labels(table: pl.DataFrame, by: list[str]) -> dict[str, Mapping[str, str]]:
    """Stratum → its labels, of the rows that train."""
    train = (
        table.filter(pl.col("role") == "train")
        .unique("stratum", keep="first", maintain_order=True)
        .select("stratum", "labels")
    )
    own = {stratum: json.loads(text) for stratum, text in train.iter_rows()}
    return {stratum: {name: labels[name] for name in by if name in labels} for stratum, labels in own.items()}


def with_growth(task: Task, growth: StrataGrowth | None) -> Task:
    return replace(task, growth=growth)


def as_grown(task: Task, folder: RunDir) -> Task:
    """The task with what a run of it grew."""
    return with_growth(task, read_growth(folder))


def read_growth(folder: RunDir) -> StrataGrowth | None:
    """What a run grew; None where nothing did."""
    return read_result(folder / FILE, StrataGrowth) if (folder / FILE).exists() else None


def write_growth(folder: RunDir, found: StrataGrowth | None) -> None:
    if found is not None:
        write_json(folder.path / FILE, asdict(found))
