"""The stage `curate` on disk: the steps in order, and the run's tables of what they came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl

from distill.atomic_write import sink_parquet, write_json
from distill.curate.accounting import conservation, funnel
from distill.curate.accounting.funnel import FunnelLine
from distill.curate.accounting.large_losses import RowCounts, group_counts, loss_counts, losses_of
from distill.curate.accounting.shortfall import shortfall
from distill.curate.dedup import near_duplicates
from distill.curate.gates.judge.lookup import VerdictLookup
from distill.curate.gates.registry import gate_rows
from distill.curate.inputs import gate_settings
from distill.curate.selection.balance import Wanted
from distill.curate.shards import shards
from distill.curate.stage import outcome_text
from distill.curate.steps import enumerated
from distill.generate.seed_status import SeedStatus
from distill.pipeline.on_disk.dataset import gated, reduce, select
from distill.pipeline.on_disk.dataset.drops import Dropped
from distill.pipeline.on_disk.dataset.gated import Gated
from distill.pipeline.on_disk.dataset.spine import Spine, edges_of
from distill.pipeline.on_disk.limits import SHORT_LABELS
from distill.pipeline.on_disk.meter import Meter
from distill.pipeline.on_disk.seeds.roles import Linked
from distill.pipeline.on_disk.spill import Spill
from distill.records import Json
from distill.rundir import read_json
from distill.similarity.arrays import Bools
from distill.strata import coverage, targets
from distill.tables.columns import SAMPLES
from distill.tables.outcome import Outcome, dropped_frame, summary
from distill.tables.remaining import RemainingRows
from distill.task import near_graph
from distill.task.run import ActiveRun

OUTPUTS = ["samples.parquet", "dropped.parquet", "flagged.parquet", "funnel.json"]
_FATES = np.array(["dropped", "train", "valid"])


@dataclass(frozen=True, slots=True)
class DatasetSteps:
    """What the steps left, and the rows in memory."""

    gated: Gated
    spine: Spine
    duplicates: Dropped
    leaks: Dropped
    preflight: Dropped
    selection: Path
    quotas: Mapping[str, int]

    @property
    def losses(self) -> list[Dropped]:
        """Every step that drops rows, in order."""
        last = [Dropped(self.selection / name) for name in ("valid_leaks", "balance")]
        return [self.duplicates, self.leaks, self.preflight, *last]


ROWS = gated.ROWS


def work(run: ActiveRun, spill: Spill, meter: Meter, rows: int = ROWS) -> Mapping[str, Json]:
    """Gates, duplicates, leaks, quotas and split over the run's approved rows, and the tables of it."""
    steps = _steps(run, spill, meter, rows)
    with spill.writing("the run's tables"):
        return _write(run, spill, steps)


def _steps(run: ActiveRun, spill: Spill, meter: Meter, rows: int) -> DatasetSteps:
    found = gated.gated(run, spill, meter, rows)
    spine = Spine.of(found.shards)
    one = Dropped(spill.step("duplicates", lambda folder: reduce.duplicates(folder, run, spine)))
    alive = ~one.gone
    two = Dropped(spill.step("leaks", lambda folder: reduce.drop_leaks(folder, run, spine, alive)))
    alive = alive & ~two.gone
    three = Dropped(spill.step("preflight", lambda folder: reduce.cannot_train(folder, run, spine, alive, meter)))
    alive = alive & ~three.gone
    quotas = _quotas(run, spine, alive)
    linked = Linked(one.folder / "linked", edges_of(run, spine.ids), near_graph.comparison(run.task.spec))
    rules = _rules(run, quotas)
    last = spill.step("selection", lambda folder: select.select(select.Selecting(folder, spine, alive, linked, rules)))
    return DatasetSteps(found, spine, one, two, three, last, quotas)


def _quotas(run: ActiveRun, spine: Spine, alive: Bools) -> dict[str, int]:
    """How many rows of each stratum are wanted, over what it can still give."""
    parts = [
        spine.marked(frame, start, alive).select("stratum", SHORT_LABELS)
        for start, frame in spine.shards.each(["stratum", "labels"])
    ]
    rows = pl.concat([pl.DataFrame(schema={"stratum": pl.String, "labels": pl.Categorical}), *parts])
    seeds = run.scan("seeds.parquet").filter(pl.col("role") == "train")
    train = seeds.select("stratum", SHORT_LABELS, "source").collect()
    return targets.of(run.task.targets, train.clear(), rows, train, {})


def _rules(run: ActiveRun, quotas: Mapping[str, int]) -> select.SelectionRules:
    task = run.task
    dataset, floors = task.spec.dataset, [(case.where, case.at_least) for case in task.edge_cases]
    wanted = Wanted(quotas, floors, dataset.select.by, dataset.select.weight)
    numbers = near_graph.comparison(task.spec).numbers
    return select.SelectionRules(wanted, dataset.valid, near_graph.leak(task.spec), numbers, enumerated(task.output))


def _nobody(run: ActiveRun) -> tuple[pl.DataFrame, list[Outcome]]:
    """The samples of teachers, of which there are none, after the gates; and the outcomes of their steps."""
    task = run.task
    empty = pl.DataFrame(schema={"seed_id": pl.String, "fields": pl.String})
    rows = RemainingRows(pl.DataFrame(schema=SAMPLES))
    gate_rows(rows, gate_settings(task, empty, VerdictLookup(task, run.store, {})))
    frame, losses = rows.take(), list(rows.losses)
    return frame, losses


def _lines(run: ActiveRun, steps: DatasetSteps, gates: list[Outcome]) -> list[FunnelLine]:
    """The funnel from the seeds read to the dataset."""
    gold = summary("gold", steps.gated.entered, steps.gated.dropped)
    found = [loss.report for loss in gates] + ([gold] if steps.gated.entered else [])
    if run.task.spec.dedup.on_conflict == "ask_again":
        found.append(near_duplicates.vote(run.task, pl.DataFrame(schema=SAMPLES), frozenset()).report)
    found += [one.report for one in steps.losses]
    nobody = SeedStatus(0, {}, frozenset(), {}, frozenset(), frozenset())
    answers = funnel.answer_lines([], nobody, dropped_frame(), [])
    return funnel.run_lines(read_json(run.folder / "seeds.json", dict), [*answers, *map(funnel.line_of, found)])


def _write(run: ActiveRun, spill: Spill, steps: DatasetSteps) -> Mapping[str, Json]:
    """Check that no row is lost, and write all of it."""
    folder = run.folder.path
    first, gates = _nobody(run)
    made = spill.step("tables", lambda own: {"rows": shards.write(own, _samples(steps, first)).height})
    lines = _lines(run, steps, gates)
    drops = [
        folder / "seeds_dropped.parquet",
        steps.gated.private / "drops" / "rows.parquet",
        *(one.rows for one in steps.losses),
    ]
    every = pl.concat([pl.scan_parquet(path) for path in drops])
    fates = pl.scan_parquet(made / "*.parquet").select("stratum", SHORT_LABELS, "fate").collect()
    gone = every.select("stratum", "stage", "reason").collect()
    total = conservation.check(lines, asked=run.table("asked.parquet"), samples=fates, dropped=gone)
    kept = fates.filter(pl.col("fate") != "dropped")
    checked = _checked(run, steps, lines, kept, gone, every)
    sink_parquet(folder / "samples.parquet", pl.scan_parquet(made / "*.parquet"))
    sink_parquet(folder / "dropped.parquet", every)
    sink_parquet(folder / "flagged.parquet", pl.scan_parquet(steps.gated.flagged / "*.parquet"))
    write_json(
        folder / "funnel.json", {"funnel": [line.as_json() for line in lines], "total": asdict(total), **checked}
    )
    run.watch.say(f"  {outcome_text(total, funnel.reasons(lines))}")
    return {"kept": kept.height, "dropped": gone.height}


def _checked(
    run: ActiveRun,
    steps: DatasetSteps,
    lines: list[FunnelLine],
    kept: pl.DataFrame,
    gone: pl.DataFrame,
    every: pl.LazyFrame,
) -> dict[str, Json]:
    """What funnel.json says beside the lines."""
    task, seeds = run.task, read_json(run.folder / "seeds.json", dict)
    table = run.scan("seeds.parquet").select("source", "stratum", SHORT_LABELS, "role").collect()
    losses = losses_of(lines, _counts(run, table, every), seeds.get("sources", {}))
    missing = shortfall(task, table, kept, gone, None)
    by_label = coverage.counted(
        Counter(table.filter(role="train")["labels"]), Counter(), Counter(kept["labels"]), task.spec.strata.names
    )
    flags = pl.scan_parquet(steps.gated.flagged / "*.parquet").group_by("stage", "reason").len().collect()
    return {
        "conserved": True, "test": seeds["test"],
        "large_losses": [loss.as_json() for loss in losses], "shortfall": [asdict(row) for row in missing],
        "strata": {name: [asdict(row) for row in rows] for name, rows in by_label.items()},
        "edge_cases": [asdict(row) for row in coverage.of_edge_cases(kept, task.edge_cases)],
        "flagged": dict(sorted((f"{stage}: {why}", count) for stage, why, count in flags.iter_rows())),
        "quotas": dict(steps.quotas), "accept": task.spec.dataset.accept, "kept": kept.height,
    }  # fmt: skip


def _counts(run: ActiveRun, table: pl.DataFrame, every: pl.LazyFrame) -> RowCounts:
    """Rows by source and stratum, of the seeds and of the drops; of seeds that went before the asking their sources are counted apart."""
    sources = table["source"].unique().to_list()
    if len(sources) == 1:
        lost = loss_counts(every.select("stage", "reason", "stratum", pl.lit(sources[0]).alias("source")).collect())
    else:
        named = run.scan("seeds.parquet").select(row="seed_id", source="source")
        joined = every.select("row", "stage", "reason", "stratum").join(named, on="row", how="left")
        lost = loss_counts(joined.select("stage", "reason", "stratum", "source").collect(engine="streaming"))
    approved = table.filter(pl.col("role") == "train")
    return RowCounts(group_counts(table), group_counts(table.clear()), group_counts(approved), lost)


def _samples(steps: DatasetSteps, first: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The rows of samples.parquet, a shard at a time; `first` has the columns of gates in their order."""
    fate, template = np.load(steps.selection / "fate.npy"), np.load(steps.leaks.folder / "marks.npy")
    valid_template = np.where(fate != select.DROPPED, np.load(steps.selection / "marks.npy"), -1)
    rejected = sorted((steps.gated.private / "rejected").iterdir())
    for (start, frame), other in zip(steps.spine.shards.each(), rejected, strict=True):
        own = slice(start, start + frame.height)
        kept = pl.concat([first, frame], how="diagonal").with_columns(
            _marks("leaks_template", template[own]),
            pl.Series("fate", _FATES[fate[own]].tolist(), dtype=pl.String),
            _marks("valid_leaks_template", valid_template[own]),
        )
        lost = pl.read_parquet(other).with_columns(pl.lit("dropped").alias("fate"))
        yield pl.concat([kept, lost], how="diagonal").sort("seed_id", "teacher", "kind", "draw")


def _marks(name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.int8]]) -> pl.Series:
    """Marks of which a negative one is unknown."""
    return pl.Series(name, [None if value < 0 else bool(value) for value in values.tolist()], dtype=pl.Boolean)
