"""The second stage: what curation comes to, checked and written into the run's folder.

samples.parquet   every answer with its fate          dropped.parquet   every row that went, with its reason
flagged.parquet   what gates say of approved rows     funnel.json       the steps, the quotas, what is missing
conflicts.jsonl   rows for a person to decide
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from distill.atomic_write import write_json, write_parquet
from distill.curate import steps as curation
from distill.curate.accounting import conservation, funnel, large_losses, shortfall
from distill.curate.dedup import rulings as disputes
from distill.errors import SpecError
from distill.generate import questions
from distill.rundir import read_json
from distill.seeds import checks
from distill.strata import coverage
from distill.task import near_graph
from distill.task.run import ActiveRun
from distill.task.stage import stage

if TYPE_CHECKING:
    import polars as pl

    from distill.curate.result import Curated
    from distill.task.task import Task


async def curate(run: ActiveRun) -> None:
    """Answers into samples, with every drop; SpecError where other settings than `generate` had cannot be met."""
    if "generate" not in run.stages:
        exact = not run.task.pinned and run.parent is None
        labels = run.table("seeds.parquet", ["role", "labels"])
        wrong = checks.labelled(run.task.spec, labels, run.task.path, exact=exact)
        if wrong:
            raise SpecError(str(run.task.path), wrong)
    _rulings(run)  # a line that cannot be read is told also where nothing else changed
    outputs = ["samples.parquet", "dropped.parquet", "flagged.parquet", "funnel.json"]
    await stage(run, "curate", outputs=outputs, work=_curate)


def _rulings(run: ActiveRun) -> dict[str, str]:
    """What a person decided about rows in conflict. The file itself is no read: `curate` writes it too."""
    return run.fact("rulings", lambda run: disputes.rulings(run.task, run.folder, run.parent))


async def _curate(run: ActiveRun) -> Mapping[str, Any]:
    import polars as pl

    task, asked = run.task, questions.asked_of(run.folder)
    run.fact(
        "owed", lambda run: run.owed("generate")
    )  # a run that went on without some answers is curated anew when they are there
    rulings = _rulings(run)
    graph = near_graph.read_graph(run.folder.path, task.spec, run.table("seeds.parquet", ["seed_id", "input"]))
    # The whole table is for curation alone, which lets go of it when it knows what the seeds say.
    curated = curation.curate(task, run.table("seeds.parquet"), asked, run.store, graph, rulings=rulings)
    samples, curated = curated.samples, curated.counted
    table = run.table("seeds.parquet", ["seed_id", "source", "stratum", "labels", "role"])
    _say(run, curated, rulings.keys() - set(table.filter(role="train")["seed_id"]) if rulings else ())
    dropped = pl.concat([run.table("seeds_dropped.parquet"), curated.dropped])
    seeds = read_json(run.folder / "seeds.json", dict)
    steps = funnel.whole(seeds, curated.funnel)
    total = conservation.check(steps, asked=run.table("asked.parquet"), samples=samples, dropped=dropped)
    missing = shortfall.of(task, table, curated.kept, dropped, seeds.get("expand"))
    write_parquet(run.folder / "samples.parquet", samples)
    write_parquet(run.folder / "flagged.parquet", curated.flagged)
    write_parquet(run.folder / "dropped.parquet", dropped)
    disputes.write(run.folder, run.parent, curated.conflicts)
    losses = large_losses.of(
        steps, seeds=table.select("seed_id", "source", "stratum"), samples=samples.select("seed_id", "teacher"), dropped=dropped,
        by_source=seeds.get("sources", {}),
    )  # fmt: skip
    checked = {"funnel": steps, "total": total, "conserved": True, "test": seeds["test"], "large_losses": losses}
    write_json(run.folder / "funnel.json", checked | _told(task, table, asked, curated, missing))
    waiting = len(curated.verdicts.pending)
    if waiting:
        run.watch.say(f"  {waiting:,} rows wait for a verdict; `distill generate` asks for what is missing")
    return {"kept": curated.kept.height, "dropped": dropped.height} | ({"owed": waiting} if waiting else {})


def _say(run: ActiveRun, curated: Curated, elsewhere: Collection[str]) -> None:
    """What a person is told at once; `elsewhere` are decided rows that do not train."""
    if elsewhere:
        first = ", ".join(sorted(elsewhere)[:5])
        run.watch.say(f"  {disputes.FILE} decides rows that do not train in this run: {first}")
    for warning in curated.warnings:
        run.watch.say(f"  {warning}")
    if curated.contested:
        run.watch.say(
            f"  {len(curated.contested):,} rows are in conflict and not asked again yet; `distill generate` asks"
        )


def _told(
    task: Task,
    table: pl.DataFrame,
    asked: questions.Asked,
    curated: Curated,
    missing: Sequence[shortfall.Shortfall],
) -> dict[str, Any]:
    """What the report has of the dataset beside the steps."""
    from distill.strata import quotas

    rows = coverage.labelled(curated.kept)
    cases = [
        {"where": dict(one.where), "at_least": one.at_least, "got": sum(match.values())}
        for one, match in zip(task.edge_cases, quotas.matching(rows, task.edge_cases), strict=True)
    ]
    flags = Counter(f"{stage}: {why}" for stage, why in curated.flagged.select("stage", "reason").iter_rows())
    names, seen = task.spec.strata.names, {ask.seed for ask in asked}
    return {
        "strata": coverage.marginals(table, seen, curated.kept["seed_id"], names),
        "edge_cases": cases,
        "flagged": dict(sorted(flags.items())),
        "quotas": curated.quotas,
        "shortfall": [asdict(row) for row in missing],
        "accept": task.spec.dataset.accept,
        "kept": curated.kept.height,
    }
