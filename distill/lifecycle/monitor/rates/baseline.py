"""The run's own figures: how often each signal shows on its test rows and seeds, and the bound that a rate in production is held against.

Of the student's part of `alpha` each signal has an equal share: three quarters of it are for the run's own rate, which so few rows tell
only roughly, and a quarter for the evidence of the log. Where the spec names a limit the run's rate does not matter, and all is for the log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.curate.gates.settings import GateSettings
from distill.evaluate.selective import nearness, routing
from distill.evaluate.selective.routing import Routing
from distill.lifecycle.monitor.rates.answer_flags import answer_flags
from distill.lifecycle.monitor.rates.evidence import rate_bound
from distill.lifecycle.monitor.rates.known_inputs import Count, KnownInputs, known_inputs
from distill.lifecycle.monitor.rates.signals import BETTER, HANDED_ON, LIMITS, SHOWS, SIGNALS, TEACHER
from distill.rundir import RunDir, read_json, read_parquet
from distill.stats import Estimate, proportion

_UNSURE = 0.75
"""Part of a signal's level that is for the run's own rate."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A run's figures. `counts` are its hits and rows by signal; `routing` is None where no threshold was set."""

    run: str
    known: KnownInputs
    counts: Mapping[str, Count]
    routing: Routing | None


@dataclass(frozen=True, slots=True)
class RateBound:
    """What the rate of a signal is held against. `level` is the chance of a false alarm that its evidence may take."""

    signal: str
    hits: int
    rows: int
    limit: float
    level: float
    source: str
    """`run`, or `spec` where monitor.limits gives it."""


def baseline(run: RunDir, gates: Mapping[str, Mapping[str, object]]) -> Baseline:
    """The figures of a run; UsageError where a file of it is gone."""
    seeds = read_parquet(run / "seeds.parquet", ["seed_id", "source", "labels", "input", "role"])
    samples = read_parquet(run / "samples.parquet", ["fate", "input"])
    trained = samples.filter(pl.col("fate") != "dropped")["input"].unique(maintain_order=True).to_list()
    path = run.path / routing.FILE
    found = routing.read(run / routing.FILE) if path.is_file() else None
    near = (
        nearness.load(run / routing.VECTORS, found.floor) if found and (run.path / routing.VECTORS).is_file() else None
    )
    own = seeds.filter(~pl.col("source").fill_null("").str.starts_with("expand:"))
    known = known_inputs(own, trained, near)
    return Baseline(
        run.name, known, {**known.counts, **_of_answers(run, seeds, gates), **_handed_on(run, found)}, found
    )


def bounds(
    counts: Mapping[str, Count], *, alpha: float, tolerance: float, limits: Mapping[str, float], ignore: Sequence[str]
) -> list[RateBound]:
    """The signals that can raise an alarm, in their order: those with a figure of the run, or a limit."""
    given = {**{name: value for name, value in LIMITS.items() if name not in counts}, **limits}
    tested = [name for name in SIGNALS if name not in ignore and (name in given or name in counts)]
    return [
        _bound(name, counts.get(name, Count(0, 0)), alpha / len(tested), tolerance, given.get(name)) for name in tested
    ]


def _bound(name: str, count: Count, level: float, tolerance: float, limit: float | None) -> RateBound:
    if limit is not None:
        return RateBound(name, count.hits, count.rows, limit, level, "spec")
    highest = rate_bound(count.hits, count.rows, level * _UNSURE)
    return RateBound(
        name, count.hits, count.rows, max(highest, count.hits / count.rows + tolerance), level * (1 - _UNSURE), "run"
    )


def _of_answers(run: RunDir, seeds: pl.DataFrame, gates: Mapping[str, Mapping[str, object]]) -> dict[str, Count]:
    """The student's answers to the test rows, by gate; of those that it was never asked there is nothing."""
    if not (run.path / "calls.parquet").is_file():
        return {}
    calls = read_parquet(run / "calls.parquet", ["seed_id", "arm", "text", "completion_tokens", "ended"])
    own = calls.filter((pl.col("arm") == "student") & (pl.col("ended") == "ok")).join(
        seeds.select("seed_id", "input"), on="seed_id"
    )
    if own.is_empty():
        return {}
    rows = pl.DataFrame([dict(zip(("answer", "tool_calls"), _said(text), strict=True)) for text in own["text"]])
    asked = own.select("input", "completion_tokens").with_columns(
        pl.lit("").alias("refusal"), pl.lit(None, dtype=pl.String).alias("finish_reason")
    )
    flags = answer_flags(pl.concat([asked, rows], how="horizontal"), gates)
    counted = {name.removeprefix(SHOWS): _count(flags[name]) for name in flags.columns}
    return {name: one for name, one in counted.items() if one.rows} | _against_teacher(run) | _judged(run)


def _said(text: str) -> tuple[str, str]:
    """(text, tool calls) of an answer as calls.parquet has it."""
    if text.startswith("{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text, ""
        if isinstance(value, dict) and value.keys() == {"content", "tool_calls"}:
            calls = [[one["name"], json.dumps(one["arguments"])] for one in value["tool_calls"]]
            return value["content"] or "", json.dumps(calls)
    return text, ""


def _count(flags: pl.Series) -> Count:
    told = flags.drop_nulls()
    return Count(int(told.sum()), told.len())


def _against_teacher(run: RunDir) -> dict[str, Count]:
    """Test rows on which the student said something else than its teacher."""
    if not (run.path / "scores.parquet").is_file():
        return {}
    scores = read_parquet(run / "scores.parquet", ["seed_id", "arm", "metric", "value"])
    student = scores.filter(pl.col("arm") == "student").drop_nulls("value")
    calls = student.filter(pl.col("metric") == "agreement_tool_calls")["value"]
    own = calls if calls.len() else student.filter(pl.col("metric") == "agreement")["value"]
    return {TEACHER: Count(int((own < 1).sum()), own.len())} if own.len() else {}


def _judged(run: RunDir) -> dict[str, Count]:
    """Test rows on which judges prefer the teacher's answer to the student's."""
    if not (run.path / "comparison.json").is_file():
        return {}
    pairs = (read_json(run / "comparison.json", dict).get("judging") or {}).get("pairs") or []
    found = next((one for one in pairs if one["other"] == "teacher"), None)
    rows = found["wins"] + found["ties"] + found["losses"] if found else 0
    return {BETTER: Count(found["losses"], rows)} if found and rows else {}


def right_on_tests(run: RunDir) -> Estimate | None:
    """Test rows with a known answer that the student had wholly right; None where there are none."""
    if not (run.path / "scores.parquet").is_file():
        return None
    scores = read_parquet(run / "scores.parquet", ["arm", "metric", "value"])
    own = scores.filter((pl.col("arm") == "student") & (pl.col("metric") == "json_fields"))["value"].drop_nulls()
    return proportion(int((own >= 1).sum()), own.len()) if own.len() else None


def _handed_on(run: RunDir, found: Routing | None) -> dict[str, Count]:
    """Test rows that the cascade hands to the teacher."""
    if found is None or not (run.path / "comparison.json").is_file():
        return {}
    alone = (read_json(run / "comparison.json", dict).get("selective") or {}).get("coverage")
    if not alone:
        return {}
    rows = int(alone["n"])
    return {HANDED_ON: Count(rows - round(rows * float(alone["mean"])), rows)}


def unwatched_gates(gates: GateSettings) -> list[str]:
    """The spec's gates that logged answers are not held against: they take a model, or the task's own function."""
    return [name for name, _ in gates if name not in SIGNALS]
