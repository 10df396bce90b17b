"""Stage 1: the seeds as a table, repeats gone, test rows set aside; what a refresh pins stays where it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from distill.records import Json, Seed
from distill.seeds import load
from distill.seeds.split import Draw, split
from distill.spec import TaskSpec
from distill.strata import coverage
from distill.tables.outcome import Outcome
from distill.task import near_graph


def prepare(
    spec: TaskSpec, seeds: Sequence[Seed], pinned: Sequence[Seed] = (), *, bad_rows: pl.DataFrame | None = None,
    parent: pl.DataFrame | None = None,
) -> Outcome:  # fmt: skip
    """Seeds with cluster and role; `parent` is the seeds table of the run that this one refreshes."""
    table, tests = _tables(seeds, pinned, spec.strata.by, parent)
    rows = spec.seeds.test
    graph = near_graph.graph(spec, table) if tests is None else near_graph.graph(spec, table, tests)
    gold = spec.seeds.gold_rows != "train" or rows.gold
    calibration = spec.evaluate.calibration
    draw = Draw(rows.share, rows.rows, gold, rows.where, rows.seed, calibration.rows if calibration else 0)
    outcome = split(table, draw, near=spec.dedup.near, leak=near_graph.leak(spec), pinned=tests, graph=graph)
    outcome = replace(outcome, report={**outcome.report, "sources": _sources(outcome)})
    return outcome if bad_rows is None or bad_rows.height == 0 else _with_bad_rows(outcome, bad_rows)


def _tables(
    seeds: Sequence[Seed], pinned: Sequence[Seed], by: Sequence[str], parent: pl.DataFrame | None
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The seeds, and the rows that are the test already: those of the task's own file, else the parent's."""
    table = load.table(seeds, by=by)
    if pinned:
        return table, load.table(pinned, by=by)
    if parent is None:
        return table, None
    tested = pl.col("seed_id").is_in(parent.filter(pl.col("role") == "test")["seed_id"].implode())
    return table.filter(~tested), table.filter(tested)


def _with_bad_rows(outcome: Outcome, bad_rows: pl.DataFrame) -> Outcome:
    dropped = pl.concat([bad_rows, outcome.dropped])
    reasons = dict(sorted(Counter(dropped["reason"].to_list()).items()))
    report = outcome.report | {"in": outcome.report["in"] + bad_rows.height, "dropped": reasons}
    return replace(outcome, dropped=dropped, report=report)


def fewer_test_rows(test: Mapping[str, Json], spec: TaskSpec, table: pl.DataFrame) -> list[str]:
    """What is said where fewer rows have a known answer than test rows were asked."""
    asked, got = test.get("asked", 0), test.get("got", 0)
    known = table.height - table["gold"].null_count()
    drawn = spec.seeds.test.from_ is None and (spec.seeds.gold_rows != "train" or spec.seeds.test.gold)
    if spec.seeds.gold is None or not drawn or not 0 < known < asked:
        return []
    return [
        f"{known} {'row has' if known == 1 else 'rows have'} a known answer, fewer than the {asked} requested test rows, of which {got} are set aside: "
        "on test rows without one the student is compared with the teacher alone."
    ]


def _sources(outcome: Outcome) -> dict[str, dict[str, int]]:
    """Of each source that lost rows how many came ("in"), and how many went for which reason."""
    reasons = outcome.dropped.select("reason", seed_id="row").unique("seed_id")
    went = outcome.rejected.select("seed_id", "source").join(reasons, on="seed_id", how="left")
    found: dict[str, dict[str, int]] = {}
    for source, reason, count in went.group_by("source", "reason").len().sort("source", "reason").iter_rows():
        found.setdefault(source, {"in": 0})[reason] = count
    for source, counts in found.items():
        counts["in"] = outcome.kept.filter(pl.col("source") == source).height + sum(counts.values())
    return found


def training_labels(spec: TaskSpec, seeds: Sequence[Seed]) -> list[tuple[str, Mapping[str, str]]]:
    """(stratum, labels) of each seed that is left to train on."""
    return coverage.labelled(prepare(spec, seeds).kept.filter(pl.col("role") == "train"))
