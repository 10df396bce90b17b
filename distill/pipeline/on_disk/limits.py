"""What a curation on disk cannot do, said before anything is read; and what the rows do not give, once they are counted."""

from __future__ import annotations

import polars as pl

from distill.errors import Fault
from distill.strata import coverage, feasibility
from distill.task.task import Task, targets_of

_WAY = "take it out, or curate in memory (without --on disk)"


def faults(task: Task) -> list[Fault]:
    """Settings whose steps need all rows in memory, or ask a model; each with the setting and what to do."""
    spec = task.spec
    named = dict(spec.gate_settings())
    found = {
        "seeds.gold_rows": (spec.seeds.gold_rows != "train", "curates approved rows: say `gold_rows: train`"),
        "seeds.expand": (spec.seeds.expand is not None, _WAY),
        "seeds.test.from": (spec.seeds.test.from_ is not None, _WAY),
        "seeds.held_out": (bool(spec.seeds.held_out), _WAY),
        "seeds.keep": (bool(spec.seeds.keep), _WAY),
        "seeds.since": (spec.seeds.since is not None, _WAY),
        "strata.labels": (bool(spec.strata.labels), f"labels that are computed or asked for need all rows: {_WAY}"),
        "dedup.meaning": (spec.dedup.meaning is not None, _WAY),
        "dedup.on_conflict": (
            spec.dedup.on_conflict == "person",
            "a person decides in memory alone: say keep or abstain",
        ),
        "evaluate.calibration": (spec.evaluate.calibration is not None, _WAY),
        "gates": ("verify" in named, f"the gate `verify` looks at all rows: {_WAY}"),
        "expect": (
            bool(spec.expect.max_tokens or spec.expect.same_system),
            "max_tokens and same_system read all prompts",
        ),
        "dataset.preview": (spec.dataset.preview is not None, _WAY),
    }
    return [Fault(f"{task.path}: {at}", f"not with --on disk: {why}") for at, (wrong, why) in found.items() if wrong]


def unmet(task: Task, seeds: pl.LazyFrame) -> list[Fault]:
    """What the seeds cannot give, of the columns stratum, labels, role and gold: as when a task is opened, now that all are counted."""
    rows = seeds.filter(pl.col("role") == "train")
    count, unknown = (
        rows.select(pl.len(), pl.col("gold").is_null().sum().alias("unknown")).collect(engine="streaming").row(0)
    )
    if unknown:
        said = f"{unknown:,} of {count:,} training rows have no known answer, and --on disk asks nobody"
        return [Fault(f"{task.path}: seeds.gold", f"{said}; leave them out, or ask a teacher for them first")]
    found = feasibility.faults(coverage.labelled(rows.select("stratum", SHORT_LABELS).collect()), targets_of(task.spec))
    return [Fault(f"{task.path}: {fault.where}", fault.message) for fault in found]


SHORT_LABELS = pl.col("labels").cast(pl.Categorical)
"""Few labels differ: four bytes a row instead of forty."""
