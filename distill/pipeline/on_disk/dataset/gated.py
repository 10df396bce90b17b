"""Approved rows as samples with their scores, a shard at a time.

samples/00000.parquet …   a sample a row     private/   those that the gates `secrets` and `pii` let pass     gates/   with all scores
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from distill.curate import approved
from distill.curate.gates.judge.lookup import VerdictLookup
from distill.curate.gates.judge.requests import without_calls
from distill.curate.gates.registry import looks_apart
from distill.curate.gates.settings import GateSettings
from distill.curate.gates.structure import bounds, token_counts
from distill.curate.inputs import gate_settings
from distill.curate.shards import shards
from distill.curate.shards.shards import Shards
from distill.executors import executor as executors
from distill.pipeline.on_disk.meter import Meter
from distill.pipeline.on_disk.spill import Spill
from distill.records import Json
from distill.seeds import approved as approved_seeds
from distill.tables.columns import SAMPLES
from distill.tables.outcome import dropped_frame
from distill.tables.remaining import RemainingRows
from distill.task.run import ActiveRun
from distill.task.task import Task

ROWS = 1 << 16
"""Seeds that are made samples of at a time."""


@dataclass(frozen=True, slots=True)
class Gated:
    """Samples with their scores, the rows that the private gates dropped, and what gates say of the others."""

    shards: Shards
    private: Path
    flagged: Path
    entered: int
    """Samples that the private gates saw."""

    @property
    def dropped(self) -> pl.DataFrame:
        """Rows of dropped.parquet."""
        return pl.read_parquet(self.private / "drops" / "rows.parquet")


def seeds(run: ActiveRun, columns: list[str] | None = None, rows: int = ROWS) -> Iterator[pl.DataFrame]:
    """The run's seeds, so many at a time, in their order."""
    found = run.scan("seeds.parquet")
    for start in range(0, height(run), rows):
        part = found.slice(start, rows)
        yield (part if columns is None else part.select(columns)).collect()


def height(run: ActiveRun) -> int:
    """How many seeds the run has."""
    return int(run.scan("seeds.parquet").select(pl.len()).collect().item())


def gated(run: ActiveRun, spill: Spill, meter: Meter, rows: int = ROWS) -> Gated:
    """Make samples of the approved rows and run the gates over them, as the stage `curate` does of all at once."""
    task = run.task
    made = spill.step("samples", lambda folder: _samples(folder, run, meter, rows))
    settings = without_calls(gate_settings(task, pl.DataFrame(schema=_SEEDS), VerdictLookup(task, run.store, {})))
    private = spill.step("private", lambda folder: _private(folder, Shards.of(made), settings, spill, meter))
    limits = _limits(private, settings)
    every = Shards.of(private)
    gates = spill.step("gates", lambda folder: _gates(folder, every, _own(run, settings), limits, meter))
    return Gated(Shards.of(gates), private, gates / "flags", int(spill.noted("private")["in"]))


_SEEDS = {"seed_id": pl.String, "fields": pl.String}


def _samples(folder: Path, run: ActiveRun, meter: Meter, rows: int) -> Mapping[str, Json]:
    blank = False

    def each() -> Iterator[pl.DataFrame]:
        nonlocal blank
        for part in meter.rows("samples", seeds(run, rows=rows), len, height(run)):
            frame = samples_of(run.task, part)
            blank = blank or bool(((frame["answer"].str.strip_chars() == "") & (frame["tool_calls"] == "")).any())
            yield frame

    made = shards.write(folder, each())
    return {"rows": made.height, "blank": blank}


def samples_of(task: Task, part: pl.DataFrame) -> pl.DataFrame:
    """The samples of a shard of seeds whose known answers train."""
    return approved_seeds.samples(task, approved_seeds.approved(task, part))


def _private(folder: Path, made: Shards, settings: GateSettings, spill: Spill, meter: Meter) -> Mapping[str, Json]:
    gates = [(name, own) for name, own in settings if name in approved.PRIVATE]
    if spill.noted("samples")["blank"]:  # as `gate_rows` does, which sees all rows and not a shard
        gates = [*gates, ("length", {})]
    (folder / "rejected").mkdir()
    (folder / "drops").mkdir()
    dropped, counts = [dropped_frame()], list[pl.DataFrame]()

    def each() -> Iterator[pl.DataFrame]:
        for number, (_, frame) in enumerate(
            meter.rows("private gates", made.each(), lambda one: one[1].height, made.height)
        ):
            outcome = approved.private(frame, gates)
            outcome.rejected.write_parquet(folder / "rejected" / f"{number:05}.parquet")
            dropped.append(outcome.dropped)
            counts.append(token_counts(outcome.kept))
            yield outcome.kept

    kept = shards.write(folder, each())
    rows = pl.concat(dropped)
    rows.write_parquet(folder / "drops" / "rows.parquet")
    some = pl.concat([pl.DataFrame(schema=_COUNTS), *(part.cast(_COUNTS) for part in counts)])  # type: ignore[arg-type] # a schema is a mapping of types
    some.group_by("stratum", "completion_tokens").agg(pl.col("len").sum()).write_parquet(
        folder / "drops" / "tokens.parquet"
    )
    return {"in": made.height, "kept": kept.height}


_COUNTS = {"stratum": pl.String, "completion_tokens": pl.Int64, "len": pl.Int64}


def _limits(private: Path, settings: GateSettings) -> Mapping[str, tuple[float, float]] | None:
    """The bounds of `length.spread`, over all rows; None where it is not set."""
    spread = next((own.get("spread") for name, own in settings if name == "length"), None)
    if not isinstance(spread, int | float):
        return None
    return bounds(pl.read_parquet(private / "drops" / "tokens.parquet"), spread)


def _own(run: ActiveRun, settings: GateSettings) -> Callable[[pl.DataFrame], GateSettings]:
    """The settings for some samples: rows may bring tools of their own."""
    if all(name != "tools" for name, _ in settings):
        return lambda _: settings
    found = pl.scan_parquet(run.folder / "seeds.parquet").select("seed_id", "fields")

    def own(frame: pl.DataFrame) -> GateSettings:
        low, high = pl.lit(frame["seed_id"].min()), pl.lit(frame["seed_id"].max())
        part = found.filter(pl.col("seed_id").is_between(low, high)).collect()
        return without_calls(gate_settings(run.task, part, VerdictLookup(run.task, run.store, {})))

    return own


def checked(
    frame: pl.DataFrame, settings: GateSettings, limits: Mapping[str, tuple[float, float]] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(a shard of samples with their scores, what the gates would have dropped); `limits` are those of `length.spread`."""
    rows = RemainingRows(frame)
    gates = [
        (name, {**own, "inside": limits} if name == "length" and limits is not None else own) for name, own in settings
    ]
    flagged = approved.flags(rows, gates)
    return rows.take(), flagged


def _gates(
    folder: Path, every: Shards, own: Callable[[pl.DataFrame], GateSettings],
    limits: Mapping[str, tuple[float, float]] | None, meter: Meter,
) -> Mapping[str, Json]:  # fmt: skip
    (folder / "flags").mkdir()

    def each() -> Iterator[pl.DataFrame]:
        given = ((frame, own(frame)) for _, frame in every.each())
        looked = _executor(own(pl.DataFrame(schema=SAMPLES))).map("gates", _checked, given, limits)
        for number, (scored, flagged) in enumerate(
            meter.rows("gates", looked, lambda one: one[0].height, every.height)
        ):
            flagged.write_parquet(folder / "flags" / f"{number:05}.parquet")
            yield scored

    return {"rows": shards.write(folder, each()).height}


def _executor(settings: GateSettings) -> executors.Executor:
    """Where the gates run: here where one of them has to see all rows, or what only this process has."""
    apart = all(looks_apart((name, {**own, "inside": ()})) for name, own in settings)
    return executors.current() if apart else executors.InProcess()


def _checked(
    part: tuple[pl.DataFrame, GateSettings], limits: Mapping[str, tuple[float, float]] | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    return checked(*part, limits)
