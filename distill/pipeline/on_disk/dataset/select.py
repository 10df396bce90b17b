"""Which samples stay, and which of them validate: `distill.curate.selection.assemble` in rounds over strata that lie on disk.

In the folder of the step: fate.npy (0 dropped, 1 train, 2 valid), marks.npy of the last look for leaks, valid_leaks/ and balance/ as `drops`
has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from distill.curate.leaks import Drops, HeldOut, near_held_out, shared_passages
from distill.curate.selection.assemble import ROUNDS
from distill.curate.selection.balance import Choice, Spread, Wanted, choose, spread_report, to_measure
from distill.curate.selection.split import chosen_units
from distill.curate.shards import scatter
from distill.curate.shards.shards import StoredRows
from distill.pipeline.on_disk.dataset import drops
from distill.pipeline.on_disk.dataset.spine import Spine
from distill.pipeline.on_disk.seeds.near import AT
from distill.pipeline.on_disk.seeds.roles import Linked
from distill.records import Json
from distill.similarity.arrays import Bools, Int64s
from distill.strata import quotas as strata
from distill.tables.outcome import dropped_frame, summary

_READ = (
    "seed_id",
    "teacher",
    "kind",
    "draw",
    "request_id",
    "stratum",
    "labels",
    "input",
    "answer",
    "tool_calls",
    "score",
)
DROPPED, TRAIN, VALID = 0, 1, 2


@dataclass(frozen=True, slots=True)
class SelectionRules:
    """How rows are chosen."""

    wanted: Wanted
    valid: float
    near: float
    numbers: bool
    template: Sequence[str]


@dataclass(slots=True)
class Selecting:
    """A selection under way."""

    folder: Path
    spine: Spine
    alive: Bools
    linked: Linked
    rules: SelectionRules
    groups: Int64s = field(init=False)
    """Of each stratum the group it is chosen in; -1 where all its rows stay."""
    lost: Bools = field(init=False)
    chosen: dict[int, tuple[Int64s, Choice]] = field(default_factory=dict)
    """Group → (the places of its rows, what was chosen)."""

    def __post_init__(self) -> None:
        self.lost = np.zeros(self.spine.height, np.bool_)


def select(state: Selecting) -> Mapping[str, Json]:
    """Choose, split and look for leaks, until nothing leaks."""
    _throw(state)
    dirty, leaking, templates = set(scatter.targets(state.folder / "strata")), [dropped_frame()], 0
    for _ in range(ROUNDS):
        picked = _choose(state, dirty)
        fate = _split(state, picked)
        found, marks, templates = _leaks(state, fate)
        places = sorted(found)
        leaking.append(
            drops.table(places, found, state.spine.ids[places].tolist(), state.spine.stratum(places), "valid_leaks")
        )
        fate[places] = DROPPED
        state.lost[places] = True
        dirty = set(state.groups[state.spine.codes[places]].tolist()) - {-1}
        if not places:
            break
    np.save(state.folder / "fate.npy", fate)
    np.save(state.folder / "marks.npy", marks)
    _write(state, pl.concat(leaking), fate, templates)
    return {"kept": int((fate != DROPPED).sum()), "train": int((fate == TRAIN).sum())}


def _throw(state: Selecting) -> None:
    """Rows of the strata that are over their quota into a file a group: strata that share an edge case are one group."""
    spine, wanted = state.spine, state.rules.wanted
    counts = np.bincount(spine.codes[state.alive], minlength=len(spine.names))
    over = {
        name for name, count in zip(spine.names, counts.tolist(), strict=True) if count > wanted.quotas.get(name, count)
    }
    groups = {name: {name} for name in over}
    labels = _labels(state) if wanted.floors else []
    for where, least in wanted.floors:
        joined = set(strata.matching(labels, [strata.EdgeCase(where, least)])[0])
        for name in list(joined):
            joined |= groups.get(name, {name})
        if joined & over:
            groups |= dict.fromkeys(joined, joined)
    known = {id(group): number for number, group in enumerate({id(g): g for g in groups.values()}.values())}
    state.groups = np.array([known[id(groups[name])] if name in groups else -1 for name in spine.names], np.int64)
    thrown = scatter.Scatter(state.folder / "strata")
    target = np.where(state.alive, state.groups[spine.codes], -1) if spine.height else spine.codes
    for start, frame in spine.shards.each(_READ):
        own = target[start : start + frame.height]
        thrown.add(frame.with_columns(pl.Series(AT, np.arange(start, start + frame.height))), own)
    thrown.close()


def _labels(state: Selecting) -> list[strata.LabelledRow]:
    """(stratum, labels), each once."""
    from distill.strata.coverage import labelled

    parts = [
        state.spine.marked(frame, start, state.alive).select("stratum", "labels").unique()
        for start, frame in state.spine.shards.each(["stratum", "labels"])
    ]
    return labelled(pl.concat(parts).unique()) if parts else []


def _choose(state: Selecting, dirty: Iterable[int]) -> Bools:
    """The rows that the quotas take; only in groups that lost rows since are gaps filled."""
    spine, wanted = state.spine, state.rules.wanted
    picked = state.alive & ~state.lost
    counts = np.bincount(spine.codes[picked], minlength=len(spine.names)).tolist()
    over = [name for name, count in zip(spine.names, counts, strict=True) if count > wanted.quotas.get(name, count)]
    measured = frozenset(to_measure(over))
    for group in sorted(dirty):
        rows = scatter.gathered(state.folder / "strata", group)
        places = rows[AT].to_numpy()
        before = state.chosen[group][1].picked if group in state.chosen else None
        lost = np.flatnonzero(state.lost[places])
        state.chosen[group] = places, choose(rows, wanted, lost, before, measured)
    for places, choice in state.chosen.values():
        picked[places] = choice.picked
    return picked


def _split(state: Selecting, picked: Bools) -> Int64s:
    """The fate of each row."""
    columns = ["group", "cluster", "seed_id"]
    clusters = [_units(state.spine.marked(frame, start, picked)) for start, frame in state.spine.shards.each(columns)]
    unit = pl.concat(clusters) if clusters else pl.Series([], dtype=pl.String)
    codes = (unit.rank("dense") - 1).to_numpy().astype(np.int64)
    sizes = np.bincount(codes) if len(codes) else np.zeros(0, np.int64)
    chosen = chosen_units(unit.unique().sort(), sizes, len(unit), state.rules.valid)
    fate = np.where(picked, TRAIN, DROPPED).astype(np.int64)
    fate[picked] = np.where(chosen[codes], VALID, TRAIN)
    return fate


def _units(rows: pl.DataFrame) -> pl.Series:
    """What each row is on one side of the split with: its group, else its cluster, else itself."""
    group, cluster = pl.col("group"), pl.col("cluster")
    unit = (
        pl.when(group.is_not_null() & (group != "")).then(pl.lit("group:") + group)
        .when(cluster.is_not_null() & (cluster != "")).then(cluster).otherwise(pl.col("seed_id"))
    )  # fmt: skip
    return rows.select(unit.alias("unit"))["unit"]


def _leaks(state: Selecting, fate: Int64s) -> tuple[Drops, NDArray[np.int8], int]:
    """(training rows that give a validation row away, the marks of template text, passages that are such)."""
    spine, rules = state.spine, state.rules
    held_out = [
        HeldOut(*row)
        for start, frame in spine.shards.each(["seed_id", "input", "answer"])
        for row in spine.marked(frame, start, fate == VALID).with_columns(set=pl.lit("valid")).iter_rows()
    ]
    rows = StoredRows.marked(spine.shards, fate == TRAIN)
    marks = np.full(spine.height, -1, np.int8)
    if not rows.height or not held_out:
        marks[rows.places] = 0
        return {}, marks, 0
    shared, own, templates = shared_passages(rows, held_out, rules.near, numbers=rules.numbers, template=rules.template)
    marks[rows.places] = own
    found = {int(rows.places[i]): drop for i, drop in shared.items()}
    del held_out
    return found | _near(state, fate), marks, templates


def _near(state: Selecting, fate: Int64s) -> Drops:
    """Training rows near a validation row: only rows of one component are."""
    found: Drops = {}
    for rows, graph in state.linked.each():
        fates = fate[rows[AT].to_numpy()]
        valid, train = rows.filter(pl.Series(fates == VALID)), rows.filter(pl.Series(fates == TRAIN))
        if valid.height and train.height:
            held = [HeldOut(*row) for row in valid.select("seed_id", "input", "answer", pl.lit("valid")).iter_rows()]
            places = train[AT].to_list()
            found |= {
                places[i]: drop for i, drop in near_held_out(train["input"], held, state.rules.near, graph).items()
            }
    return found


def _write(state: Selecting, leaking: pl.DataFrame, fate: Int64s, templates: int) -> None:
    """The drops of both steps, and their lines in the funnel."""
    entered, kept = int(state.alive.sum()), int((fate != DROPPED).sum())
    for name in ("valid_leaks", "balance"):
        (state.folder / name).mkdir()
    report = summary("valid_leaks", entered, leaking) | {"template_passages": templates}
    drops.write(state.folder / "valid_leaks", state.spine.height, np.flatnonzero(state.lost), leaking, report)
    count = 0
    for number, part in enumerate(_over_quota(state)):
        part.write_parquet(state.folder / "balance" / f"{number:05}.parquet")
        count += part.height
    gone = state.alive & ~state.lost & (fate == DROPPED)
    measured: dict[str, Spread] = {}
    for _, choice in state.chosen.values():
        measured |= choice.spread
    counts = {
        "stage": "balance",
        "in": entered - leaking.height,
        "kept": kept,
        "dropped": {"over_quota": count} if count else {},
    }
    parts = sorted((state.folder / "balance").glob("*.parquet"))
    drops.write_parts(
        state.folder / "balance", state.spine.height, np.flatnonzero(gone), parts, counts | spread_report(measured)
    )


def _over_quota(state: Selecting) -> Iterator[pl.DataFrame]:
    """The rows of dropped.parquet of what quotas left out, in the order of all rows, a shard at a time."""
    whys = [
        (places[why["index"].to_numpy()], why)
        for places, why in ((p, choice.whys()) for p, choice in state.chosen.values())
    ]
    start = 0
    for size in state.spine.shards.sizes:
        parts = [dropped_frame().select(pl.lit(0).alias(AT), "reason", "detail")]
        for places, why in whys:
            low, high = np.searchsorted(places, (start, start + size)).tolist()
            parts.append(why[low:high].select(pl.Series(AT, places[low:high]).cast(pl.Int32), "reason", "detail"))
        every = pl.concat(parts).sort(AT)
        at = every[AT].to_numpy()
        ids = pl.Series("row", [f"{number:016x}" for number in state.spine.ids[at].tolist()], dtype=pl.String)
        yield every.select(
            ids, pl.lit(None, dtype=pl.String).alias("request_id"), state.spine.stratum(at.tolist()).alias("stratum"),
            pl.lit("balance").alias("stage"), "reason", "detail",
        )  # fmt: skip
        start += size
