"""The steps over samples that look at more than one row: duplicates, leaks of the test, and what cannot train.

duplicates/   leaks/ (with marks.npy)   preflight/   each as `drops` has it
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from distill.curate import leaks, preflight
from distill.curate.dedup import near_duplicates
from distill.curate.inputs import held_out_rows
from distill.curate.leaks import HeldOut
from distill.curate.shards import scatter
from distill.curate.shards.components import among, batch_graph, components
from distill.curate.shards.partition import numbers
from distill.curate.shards.shards import StoredRows
from distill.curate.steps import enumerated
from distill.pipeline.on_disk.dataset import drops
from distill.pipeline.on_disk.dataset.spine import Spine, edges_of
from distill.pipeline.on_disk.meter import Meter
from distill.pipeline.on_disk.seeds.near import AT
from distill.pipeline.on_disk.seeds.roles import Linked, batched
from distill.records import Json
from distill.seeds.split import CALIBRATION, TEST
from distill.similarity.arrays import Bools
from distill.tables.outcome import dropped_frame, summary
from distill.tables.remaining import RemainingRows
from distill.task import near_graph
from distill.task.run import ActiveRun

_COMPARED = ("seed_id", "teacher", "kind", "draw", "request_id", "stratum", "input", "answer", "tool_calls", "score")


def linked(run: ActiveRun, folder: Path, spine: Spine) -> Linked:
    """The samples that are near another, thrown into batches of whole components."""
    edges = edges_of(run, spine.ids)
    target = batched(edges, spine.height)
    thrown = scatter.Scatter(folder)
    for start, frame in spine.shards.each(_COMPARED):
        own = target[start : start + frame.height]
        thrown.add(frame.with_columns(pl.Series(AT, np.arange(start, start + frame.height))), own)
    thrown.close()
    return Linked(folder, edges, near_graph.comparison(run.task.spec))


def duplicates(folder: Path, run: ActiveRun, spine: Spine) -> Mapping[str, Json]:
    """One of near-duplicates stays, or none where they are in conflict: the step `dedup` over batches of components."""
    gone, dropped = list[int](), [dropped_frame()]
    for rows, graph in linked(run, folder / "linked", spine).each():
        remaining = RemainingRows(rows)
        near_duplicates.run(run.task, remaining, graph)
        (loss,) = remaining.losses
        gone += loss.rejected[AT].to_list()
        dropped.append(loss.dropped)
    table = pl.concat(dropped).sort("row")
    drops.write(folder, spine.height, gone, table, summary("dedup", spine.height, table))
    return {"dropped": table.height}


def drop_leaks(folder: Path, run: ActiveRun, spine: Spine, alive: Bools) -> Mapping[str, Json]:
    """Samples that give a test row away."""
    apart = pl.scan_parquet(run.folder / "seeds.parquet").filter(pl.col("role").is_in([TEST, CALIBRATION])).collect()
    held_out, task = held_out_rows(run.task, apart), run.task
    rows, limit = StoredRows.marked(spine.shards, alive), near_graph.leak(task.spec)
    found, marks, templates = dict[int, tuple[str, str]](), [False] * rows.height, 0
    if rows.height and held_out:
        numbers_apart = near_graph.comparison(task.spec).numbers
        shared, marks, templates = leaks.shared_passages(
            rows, held_out, limit, numbers=numbers_apart, template=enumerated(task.output)
        )
        found = {int(rows.places[i]): drop for i, drop in shared.items()}
        found |= _near_test_rows(run, spine, alive, held_out)
    marked = np.full(spine.height, -1, np.int8)
    marked[rows.places] = marks
    np.save(folder / "marks.npy", marked)
    places = sorted(found)
    table = drops.table(places, found, spine.ids[places].tolist(), spine.stratum(places), "leaks")
    drops.write(
        folder, spine.height, places, table, summary("leaks", rows.height, table) | {"template_passages": templates}
    )
    return {"dropped": len(places)}


def _near_test_rows(run: ActiveRun, spine: Spine, alive: Bools, held_out: list[HeldOut]) -> dict[int, tuple[str, str]]:
    """Samples that are in one component with a test row: the others are near none."""
    ids = np.unique(np.concatenate([spine.ids, numbers(row.row for row in held_out)]))
    edges, tests = edges_of(run, ids), {row.row: row for row in held_out}
    ends, roots = components(edges)
    own = ends[np.isin(roots, roots[np.isin(ids[ends], numbers(tests))])]
    if not len(own):
        return {}
    names = [f"{number:016x}" for number in ids[own].tolist()]
    texts = (
        pl.scan_parquet(run.folder / "seeds.parquet")
        .filter(pl.col("seed_id").is_in(names))
        .select("seed_id", "input")
        .collect()
    )
    how = near_graph.comparison(run.task.spec)
    graph = batch_graph(texts["input"], among(edges, own), threshold=how.near, typos=how.typos, numbers=how.numbers)
    at = np.searchsorted(spine.ids, ids[own])
    there = (at < spine.height) & np.isin(ids[own], spine.ids)
    place = {f"{spine.ids[i]:016x}": int(i) for i in at[there].tolist() if alive[i]}
    train = texts.filter(pl.Series([name in place for name in texts["seed_id"]], dtype=pl.Boolean))
    held = [tests[name] for name in texts["seed_id"] if name in tests]
    found = leaks.near_held_out(train["input"], held, near_graph.leak(run.task.spec), graph)
    return {place[train["seed_id"][i]]: drop for i, drop in found.items()}


def cannot_train(folder: Path, run: ActiveRun, spine: Spine, alive: Bools, meter: Meter) -> Mapping[str, Json]:
    """Samples that a trainer would cut or refuse."""
    nothing = dropped_frame()
    if run.task.spec.student.train.with_ == "none" and run.task.spec.teacher.reasoning_tokens is None:
        drops.write(folder, spine.height, [], nothing, summary("preflight", int(alive.sum()), nothing))
        return {"dropped": 0}
    gone, dropped, tokens, longest = list[int](), [nothing], 0, 0
    for start, frame in meter.rows("preflight", spine.shards.each(), lambda one: one[1].height, spine.height):
        rows = frame.with_columns(pl.Series(AT, np.arange(start, start + frame.height)))
        outcome = preflight.fit(run.task, spine.marked(rows, start, alive))
        gone += outcome.rejected[AT].to_list()
        dropped.append(outcome.dropped)
        tokens, longest = tokens + outcome.report.get("tokens", 0), max(longest, outcome.report.get("longest", 0))
    table = pl.concat(dropped)
    report = summary("preflight", int(alive.sum()), table) | {"tokens": tokens, "longest": longest}
    drops.write(folder, spine.height, gone, table, report)
    return {"dropped": table.height}
