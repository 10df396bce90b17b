"""A dataset or a test set without a row: work that was done and came to nothing, which is no success.

A message gives the sum, the reason that cost most, where the rows can be seen, and that answers are kept.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from distill.rundir import read_json
from distill.tables.reasons import BEFORE
from distill.task.run import ActiveRun

_SHOWN = 3


def answers(run: ActiveRun) -> str:
    """Why the answers that `generate` has are of no use; empty where some are, or rows are pending."""
    made = run.folder.manifest()["stages"].get("generate", {})
    if "none_pass" not in made:
        return ""
    return (
        f"none of {made['asked']:,} answers is fit to train on: {made['none_pass']}. Answers are kept, and paid once. "
        f"`distill curate {run.task.path}` writes the reason of each, and `distill show {run.folder.name} dropped` lists them"
    )


def reasons(drops: pl.DataFrame) -> str:
    """The reasons that cost most, of drops after the asking where there are any."""
    return ", ".join(f"{reason} {count:,}" for reason, count in _ranked(drops))


def _ranked(drops: pl.DataFrame) -> list[tuple[str, int]]:
    after = drops.filter(~drops["stage"].is_in(BEFORE))
    return Counter((after if after.height else drops)["reason"].to_list()).most_common(_SHOWN)


def dataset(run: ActiveRun) -> str:
    """Why there is no row to train on; empty where there is one."""
    training = run.scan("samples.parquet").filter(pl.col("fate") == "train").select(pl.len()).collect().item()
    if training:
        return ""
    asked = run.scan("asked.parquet").select(pl.len()).collect().item()
    drops = run.table("dropped.parquet", ["stage", "reason"])
    ranked, name, spec = _ranked(drops), run.folder.name, run.task.path
    if not ranked:
        return (
            f"no row is left to train on: {asked:,} were asked, and no other seed is a training row; "
            f"see `seeds.test` in {spec}, which sets rows aside for the test"
        )
    return (
        f"no row is left to train on: {asked:,} asked, 0 in the dataset; {reasons(drops)}. Answers are kept, and paid once. "
        f"`distill show {name} dropped --reason {ranked[0][0]}` lists the rows; "
        f"change what dropped them in {spec}, and `distill curate {spec}` tries it without a call"
    )


def tests(run: ActiveRun) -> str:
    """Why there is no row to compare the arms on; empty where there is one, or no comparison is asked for."""
    if not run.task.spec.arms:
        return ""
    count = run.scan("seeds.parquet").filter(pl.col("role") == "test").select(pl.len()).collect().item()
    if count:
        return ""
    asked = read_json(run.folder / "seeds.json", dict, needs="test")["test"]["asked"]
    return (
        f"there is no test row, so nothing was compared: {asked:,} were asked for. Add seeds or raise `seeds.test` in {run.task.path}; "
        "where all known answers train (`gold_rows: train`), `seeds.test.gold: true` takes test rows from them too"
    )
