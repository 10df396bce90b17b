"""One row's whole way through a run."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from distill.errors import UsageError
from distill.pipeline import arguments
from distill.records import Json
from distill.rundir import RunDir, read_parquet
from distill.seeds.split import REPEATED, names_repeat
from distill.task import stores
from distill.teacher.store import queries
from distill.teacher.store.queries import AttemptDetails

Record = Mapping[str, Json]
"""Column → value of one row of a run's table."""


@dataclass(frozen=True, slots=True)
class RequestHistory:
    """One question about the row: `record` is its row of samples.parquet, or of asked.parquet while it has no answer."""

    record: Record
    body: Record | None
    """What was sent; None where it has no answer."""
    sends: Sequence[AttemptDetails]

    def as_json(self) -> dict[str, Json]:
        return {**self.record, "request": self.body, "sends": [dataclasses.asdict(send) for send in self.sends]}


@dataclass(frozen=True, slots=True)
class ArmAnswer:
    """What one arm of the evaluation answered, and metric → (value, reason) of it."""

    record: Record
    scores: Mapping[str, tuple[float | None, str | None]]

    def as_json(self) -> dict[str, Json]:
        return {**self.record, "scores": {name: list(score) for name, score in self.scores.items()}}


@dataclass(frozen=True, slots=True)
class RowHistory:
    """Everything that a run holds of one row, in the order of the run."""

    run: str
    row: str
    seed: Sequence[Record]
    """One, or none where the row went before the seeds were written."""
    samples: Sequence[RequestHistory]
    owed: Sequence[RequestHistory]
    """Questions that have no answer yet."""
    dropped: Sequence[Record]
    repeats: Sequence[Record]
    """Drops of other rows with its text: they have its seed id."""
    flagged: Sequence[Record]
    evaluation: Sequence[ArmAnswer]
    fate: str

    def as_json(self) -> dict[str, Json]:
        return {
            "run": self.run, "row": self.row, "seed": list(self.seed), "samples": [one.as_json() for one in self.samples],
            "owed": [one.as_json() for one in self.owed], "dropped": list(self.dropped),
            "repeats": list(self.repeats), "flagged": list(self.flagged),
            "evaluation": [one.as_json() for one in self.evaluation], "fate": self.fate,
        }  # fmt: skip


def explain(home: Path, name: str, row: str) -> RowHistory:
    """Everything the run holds of one row; UsageError where it has none like it."""
    run = arguments.run_of(name, home)
    seeds = read_parquet(run / "seeds.parquet")
    drops = _records(run, "dropped.parquet") or _records(run, "seeds_dropped.parquet")
    if seed_id := _named(seeds, row):
        return _history(run, seeds, drops, seed_id)
    if repeat := [one for one in drops if one["reason"] == REPEATED and names_repeat(one["detail"], row)]:
        drop = repeat[0]  # another row stands for it: nothing was asked of it
        return RowHistory(run.name, drop["row"], (), (), (), [drop], (), (), (), _fate((), (), [drop]))
    return _history(run, seeds, drops, _begun(sorted({*seeds["seed_id"], *(one["row"] for one in drops)}), row, run))


def _history(run: RunDir, seeds: pl.DataFrame, drops: Sequence[Record], seed_id: str) -> RowHistory:
    seed = [_with_values(one) for one in seeds.filter(seed_id=seed_id).iter_rows(named=True)]
    samples = _records(run, "samples.parquet", seed_id=seed_id)
    asked = [
        {name: one[name] for name in one if name != "seed_id"}
        for one in _records(run, "asked.parquet", seed_id=seed_id)
    ]
    scores = _records(run, "scores.parquet", seed_id=seed_id)
    its = [one for one in drops if one["row"] == seed_id]
    others = [one for one in its if seed and one["reason"] == REPEATED]
    dropped = [one for one in its if one not in others]
    with stores.reading(run.home) as db:
        return RowHistory(
            run.name, seed_id, seed,
            samples=[_request(db, one) for one in samples],
            owed=[one for one in (_request(db, question) for question in asked) if one.body is None],
            dropped=dropped, repeats=others,
            flagged=_records(run, "flagged.parquet", row=seed_id),
            evaluation=[_arm(call, scores) for call in _records(run, "calls.parquet", seed_id=seed_id)],
            fate=_fate(seed, samples, dropped),
        )  # fmt: skip


def _records(run: RunDir, name: str, **where: str) -> Sequence[Record]:
    """The rows of a run's table that have these values; none where the run has not come to that table."""
    return read_parquet(run / name).filter(**where).to_dicts() if (run / name).exists() else []


def _with_values(seed: Record) -> Record:
    return {k: json.loads(v) if k in ("fields", "labels", "gold", "kept") and v else v for k, v in seed.items()}


def _request(db: sqlite3.Connection, record: Record) -> RequestHistory:
    request_id = record["request_id"]
    stored = queries.stored_requests(db, request_id, limit=1) if request_id else []
    return RequestHistory(
        record, json.loads(stored[0].body) if stored else None, queries.attempt_details(db, request_id)
    )


def _arm(call: Record, scores: Sequence[Record]) -> ArmAnswer:
    return ArmAnswer(
        call, {one["metric"]: (one["value"], one["reason"]) for one in scores if one["arm"] == call["arm"]}
    )


def _fate(seed: Sequence[Record], samples: Sequence[Record], drops: Sequence[Record]) -> str:
    for sample in samples:
        if sample["fate"] != "dropped":
            return f"trains the student ({sample['fate']})"
    if drops:
        return "; ".join(f"dropped at {d['stage']}: {d['reason']} ({d['detail']})" for d in drops)
    aside = {"test": "set aside as a test row", "calibration": "set aside to calibrate what the student answers alone"}
    return aside.get(str(seed[0]["role"]) if seed else "", "not in the dataset so far")


def _named(seeds: pl.DataFrame, row: str) -> str | None:
    """The seed that `row` means as the id of its file, or else as a line."""
    own = seeds.filter(own_id=row)["seed_id"].to_list() if "own_id" in seeds.columns else []
    line = row.rsplit(":", 1)[-1]
    at = seeds.filter(line=int(line))["seed_id"].to_list() if line.isdigit() and len(line) < 12 else []
    return next((str(named[0]) for named in (own, at) if len(named) == 1), None)


def _begun(ids: Sequence[str], row: str, run: RunDir) -> str:
    """The seed id that `row` is, or is the beginning of."""
    found = [one for one in ids if one == row] or [one for one in ids if one.startswith(row)]
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} rows of run {run.name} begin with" if found else f"no row of run {run.name} is"
    raise UsageError(f"{what} {row!r}; give a seed id, e.g. {ids[0] if ids else '-'}, or a line of the seeds")
