"""Some answers of a run to look at: of seeds in the order of a hash, so of all strata."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from distill.records import content_id
from distill.rundir import read_parquet
from distill.task.run import ActiveRun

SHOWN = 4


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A seed's input and the last answer to it; `fate` is kept, dropped with its reason, pending, or empty before curation."""

    seed: str
    stratum: str
    input: str
    answer: str
    fate: str


def preview(run: ActiveRun, *, curated: bool) -> list[PreviewRow]:
    """The rows; none where no teacher was asked."""
    asked = dict(run.table("asked.parquet", ["seed_id", "request_id"]).iter_rows())
    first = sorted(asked, key=lambda seed: content_id("ask", seed))[:SHOWN]
    seeds = run.table("seeds.parquet", ["seed_id", "stratum", "input"]).filter(pl.col("seed_id").is_in(first))
    rows = {seed: (stratum, text) for seed, stratum, text in seeds.iter_rows()}
    fates = _fates(run, first) if curated else {}
    return [_row(run, seed, *rows[seed], request=asked[seed], fate=fates.get(seed, "")) for seed in first]


def _row(run: ActiveRun, seed: str, stratum: str, text: str, *, request: str, fate: str) -> PreviewRow:
    answer = run.store.get(request)
    return PreviewRow(seed, stratum, text, answer.said if answer else "", fate if answer else "pending")


def _fates(run: ActiveRun, seeds: list[str]) -> dict[str, str]:
    samples = read_parquet(run.folder.path / "samples.parquet", ["seed_id", "fate"])
    dropped = read_parquet(run.folder.path / "dropped.parquet", ["row", "stage", "reason"])
    lost = dropped.filter(pl.col("row").is_in(seeds))
    why = {row: f"dropped by {stage}: {reason}" for row, stage, reason in lost.iter_rows()}
    kept = samples.filter(pl.col("seed_id").is_in(seeds), pl.col("fate") != "dropped")["seed_id"]
    return why | dict.fromkeys(kept.to_list(), "kept")
