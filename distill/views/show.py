"""Rows of a run that were dropped, kept or flagged, with their texts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from distill.curate.gates.judge.verdict import verdicts_of_row
from distill.errors import UsageError
from distill.pipeline import arguments
from distill.records import Json, content_id
from distill.rundir import RunDir, read_parquet
from distill.text.normalise import did_you_mean

KINDS = ("dropped", "kept", "flagged")


@dataclass(frozen=True, slots=True)
class RowList:
    """`rows` are as many as there are; `shown` are the first of them in the order of a hash, so of all kinds."""

    run: str
    what: str
    rows: int
    reasons: Mapping[str, int]
    """How many went for which reason, whatever was looked for."""
    shown: Sequence[Mapping[str, Json]]


def show(home: Path, name: str, *, what: str, reason: str | None, stratum: str | None, limit: int) -> RowList:
    """The `dropped`, `flagged` or `kept` rows of a run, of one reason and one stratum where these are given."""
    if what not in KINDS:
        raise UsageError(f"show {what!r}: expected dropped, kept or flagged")
    run = arguments.run_of(name, home)
    samples = read_parquet(run / "samples.parquet")
    kept = samples.filter(samples["fate"] != "dropped").select("stratum", "request_id", row="seed_id")
    rows = kept if what == "kept" else read_parquet(run / f"{what}.parquet")
    reasons = dict(sorted(Counter(rows["reason"].to_list()).items())) if what != "kept" else {}
    if reason is not None and reason not in reasons:
        raise UsageError(f"run {run.name} {what} no row for {reason!r}{did_you_mean(reason, reasons)}")
    rows = rows if reason is None else rows.filter(reason=reason)
    rows = rows if stratum is None else rows.filter(stratum=stratum)
    first = sorted(rows.iter_rows(named=True), key=lambda row: content_id("show", row["row"]))[:limit]
    return RowList(run.name, what, rows.height, reasons, _with_texts(first, run, samples))


def _with_texts(rows: Sequence[Mapping[str, Json]], run: RunDir, samples: pl.DataFrame) -> list[dict[str, Json]]:
    """Each row with the id of its file, the input, and the answer with its verdicts where there is one."""
    seeds = read_parquet(run / "seeds.parquet")
    inputs = dict(seeds.select("seed_id", "input").iter_rows())
    own = dict(seeds.select("seed_id", "own_id").iter_rows()) if "own_id" in seeds.columns else {}
    kept = dict(seeds.select("seed_id", "kept").drop_nulls().iter_rows()) if "kept" in seeds.columns else {}
    texts = {row["request_id"] or row["seed_id"]: _texts(row) for row in samples.iter_rows(named=True)}
    return [
        {
            "input": inputs.get(row["row"]),
            "id": own.get(row["row"]),
            "kept": json.loads(kept.get(row["row"], "{}")),
            **row,
        }
        | texts.get(row.get("request_id") or row["row"], {})
        for row in rows
    ]


def _texts(sample: Mapping[str, Json]) -> dict[str, Json]:
    answer = sample["answer"] or sample.get("tool_calls", "")
    return {"input": sample["input"], "answer": answer, "verdicts": verdicts_of_row(sample)}
