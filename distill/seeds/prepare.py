"""Stage 1: the seeds as a table, repeats gone, test rows set aside; what a refresh pins stays where it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from distill.records import Seed
from distill.spec import TaskSpec
from distill.strata import coverage

if TYPE_CHECKING:
    import polars as pl

    from distill.tables.outcome import Outcome


def prepare(
    spec: TaskSpec, seeds: Sequence[Seed], pinned: Sequence[Seed] = (), *, bad_rows: pl.DataFrame | None = None,
    parent: pl.DataFrame | None = None,
) -> Outcome:  # fmt: skip
    """Seeds with cluster and role; `parent` is the seeds table of the run that this one refreshes."""
    import polars as pl

    from distill.seeds import load
    from distill.seeds.split import split
    from distill.tables.outcome import Outcome
    from distill.task import near_graph

    by = spec.strata.by
    table = load.table(seeds, by=by)
    pins = load.table(pinned, by=by) if pinned else None
    if parent is not None and pins is None:
        known = parent.filter(pl.col("role") == "test")["seed_id"].implode()
        pins = table.filter(pl.col("seed_id").is_in(known))
        table = table.filter(~pl.col("seed_id").is_in(known))
    rows = spec.seeds.test
    graph = near_graph.graph(spec, table) if pins is None else near_graph.graph(spec, table, pins)
    outcome = split(
        table,
        share=rows.share,
        rows=rows.rows,
        near=spec.dedup.near,
        leak=near_graph.leak(spec),
        pinned=pins,
        gold=spec.seeds.gold_rows != "train" or rows.gold,
        graph=graph,
    )
    report = {**outcome.report, "sources": _sources(outcome)}
    if bad_rows is None or bad_rows.height == 0:
        return replace(outcome, report=report)
    dropped = pl.concat([bad_rows, outcome.dropped])
    report["in"] += bad_rows.height
    report["dropped"] = dict(sorted(Counter(dropped["reason"].to_list()).items()))
    return Outcome(kept=outcome.kept, dropped=dropped, report=report, rejected=outcome.rejected)


def fewer_test_rows(test: Mapping[str, Any], spec: TaskSpec, table: pl.DataFrame) -> list[str]:
    """What is said where fewer test rows are set aside than were asked, because few have a known answer."""
    asked, got = test.get("asked", 0), test.get("got", 0)
    known = table.height - table["gold"].null_count()
    drawn = spec.seeds.test.from_ is None and (spec.seeds.gold_rows != "train" or spec.seeds.test.gold)
    if spec.seeds.gold is None or not drawn or not 0 < known < asked or got >= asked:
        return []
    return [
        f"{got} of {asked} requested test rows are set aside: only rows with a known answer are drawn, and {known} {'has' if known == 1 else 'have'} one. "
        "Give more of them, or leave out seeds.gold to compare with the teacher alone on all."
    ]


def _sources(outcome: Outcome) -> dict[str, dict[str, int]]:
    """Of each source that lost rows how many came ("in"), and how many went for which reason."""
    import polars as pl

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
    import polars as pl

    return coverage.labelled(prepare(spec, seeds).kept.filter(pl.col("role") == "train"))
