"""The second stage: what curation comes to, checked and written into the run's folder.

samples.parquet   every answer with its fate          dropped.parquet   every row that went, with its reason
flagged.parquet   what gates say of approved rows     funnel.json       the steps, the quotas, what is missing
conflicts.jsonl   rows for a person to decide
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict

import polars as pl

from distill.atomic_write import write_json, write_parquet
from distill.curate import steps
from distill.curate.accounting import conservation, funnel
from distill.curate.accounting.conservation import RowTotal
from distill.curate.accounting.large_losses import large_losses
from distill.curate.accounting.shortfall import shortfall
from distill.curate.dedup import decisions
from distill.curate.inputs import read_inputs
from distill.curate.result import Curated
from distill.errors import SpecError
from distill.generate.questions import TeacherQuestions, read_asked
from distill.records import Json
from distill.rundir import read_json
from distill.seeds import checks
from distill.strata import coverage
from distill.task import near_graph
from distill.task.run import ActiveRun
from distill.task.stage import stage

_REASONS = 4
"""Those that are named when the stage ends."""


async def curate(run: ActiveRun) -> None:
    """Answers into samples, with every drop; SpecError where other settings than `generate` had cannot be met."""
    if "generate" not in run.stages:
        exact = not run.task.pinned and run.parent is None
        labels = run.table("seeds.parquet", ["role", "labels"])
        wrong = checks.labelled(run.task.spec, labels, run.task.path, exact=exact)
        if wrong:
            raise SpecError(str(run.task.path), wrong)
    _decided(run)  # a line that cannot be read is reported also where nothing else changed
    outputs = ["samples.parquet", "dropped.parquet", "flagged.parquet", "funnel.json"]
    await stage(run, "curate", outputs=outputs, work=_curate)


def _decided(run: ActiveRun) -> dict[str, str]:
    """What a person decided about rows in conflict. The file itself is no read: `curate` writes it too."""
    return run.fact("rulings", lambda run: decisions.read_decisions(run.task, run.folder, run.parent))


async def _curate(run: ActiveRun) -> Mapping[str, Json]:
    task, asked = run.task, read_asked(run.folder)
    # A run that went on without some answers is curated anew when they are there.
    run.fact("owed", lambda run: run.pending("generate"))
    decided = _decided(run)
    graph = near_graph.read_graph(run.folder.path, task.spec, run.table("seeds.parquet", ["seed_id", "input"]))
    # The whole table is for the inputs alone, which keep none of its texts.
    given = read_inputs(task, run.table("seeds.parquet"), asked, run.store, graph, rulings=decided)
    curation = steps.curate(given)
    samples, curation = curation.samples, curation.counted
    table = run.table("seeds.parquet", ["seed_id", "source", "stratum", "labels", "role"])
    _say(run, curation, decided.keys() - set(table.filter(role="train")["seed_id"]) if decided else ())
    dropped = _write(run, table, asked, curation, samples)
    pending = len(curation.verdicts.pending)
    if pending:
        run.watch.say(f"  {pending:,} rows wait for a verdict; `distill generate` asks for what is missing")
    return {"kept": curation.kept.height, "dropped": dropped} | ({"owed": pending} if pending else {})


def outcome_text(total: RowTotal, reasons: Mapping[str, int]) -> str:
    """What curation came to, in one line: rows kept, and dropped for the commonest reasons."""
    said = f"{total.kept:,} of {total.questions + total.gold:,} rows in the dataset"
    if not total.dropped:
        return f"{said}, none dropped"
    first = ", ".join(f"{reason} {count:,}" for reason, count in list(reasons.items())[:_REASONS])
    more = f" and {len(reasons) - _REASONS} more reasons" if len(reasons) > _REASONS else ""
    return f"{said}, {total.dropped:,} dropped: {first}{more}"


def _say(run: ActiveRun, curation: Curated, elsewhere: Collection[str]) -> None:
    """What a person is told at once; `elsewhere` are decided rows that do not train."""
    if elsewhere:
        first = ", ".join(sorted(elsewhere)[:5])
        run.watch.say(f"  {decisions.FILE} decides rows that do not train in this run: {first}")
    for warning in curation.warnings:
        run.watch.say(f"  {warning}")
    if curation.contested:
        run.watch.say(
            f"  {len(curation.contested):,} rows are in conflict and not asked again yet; `distill generate` asks"
        )


def _write(
    run: ActiveRun, table: pl.DataFrame, asked: TeacherQuestions, curation: Curated, samples: pl.DataFrame
) -> int:
    """Check that no row is lost, write all of it, and say what it comes to; returns how many rows were dropped."""
    dropped = pl.concat([run.table("seeds_dropped.parquet"), curation.dropped])
    seeds = read_json(run.folder / "seeds.json", dict)
    lines = funnel.run_lines(seeds, curation.funnel)
    total = conservation.check(lines, asked=run.table("asked.parquet"), samples=samples, dropped=dropped)
    missing = shortfall(run.task, table, curation.kept, dropped, seeds.get("expand"))
    losses = large_losses(
        lines, seeds=table.select("seed_id", "source", "stratum"), samples=samples.select("seed_id", "teacher"),
        dropped=dropped, by_source=seeds.get("sources", {}),
    )  # fmt: skip
    write_parquet(run.folder / "samples.parquet", samples)
    write_parquet(run.folder / "flagged.parquet", curation.flagged)
    write_parquet(run.folder / "dropped.parquet", dropped)
    decisions.write_conflicts(run.folder, run.parent, curation.undecided)
    checked: dict[str, Json] = {
        "funnel": [line.as_json() for line in lines], "total": asdict(total), "conserved": True, "test": seeds["test"],
        "large_losses": [loss.as_json() for loss in losses], "shortfall": [asdict(row) for row in missing],
    }  # fmt: skip
    write_json(run.folder / "funnel.json", checked | _dataset(run, table, asked, curation))
    run.watch.say(f"  {outcome_text(total, funnel.reasons(lines))}")
    return dropped.height


def _dataset(run: ActiveRun, table: pl.DataFrame, asked: TeacherQuestions, curation: Curated) -> dict[str, Json]:
    """What the report has of the dataset beside the steps."""
    task, seeds = run.task, {question.seed for question in asked}
    by_label = coverage.by_label(table, seeds, curation.kept["seed_id"], task.spec.strata.names)
    flags = Counter(f"{stage}: {why}" for stage, why in curation.flagged.select("stage", "reason").iter_rows())
    return {
        "strata": {name: [asdict(row) for row in rows] for name, rows in by_label.items()},
        "edge_cases": [asdict(row) for row in coverage.of_edge_cases(curation.kept, task.edge_cases)],
        "flagged": dict(sorted(flags.items())),
        "quotas": curation.quotas,
        "accept": task.spec.dataset.accept,
        "kept": curation.kept.height,
    }
