"""What a run measured of cost: tokens and seconds of each call of each arm, its ledger, its training, and the gap to the teacher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from distill.evaluate.comparison import Comparison, Difference
from distill.evaluate.gate.checks import number_of
from distill.records import Json
from distill.rundir import RunDir, read_json, read_parquet, read_result
from distill.teacher.store.queries import SpenderTotals

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class ArmCalls:
    """The answered calls of one arm, one entry a test row in each list; `usd` is None where no price is known."""

    prompt_tokens: Sequence[float]
    completion_tokens: Sequence[float]
    usd: Sequence[float | None]
    seconds: Sequence[float]


@dataclass(frozen=True, slots=True)
class RunFigures:
    """Of one run; what it has not come to is empty or None."""

    run: str
    teacher: str
    base: str
    trained_with: str
    """lora, full, hosted, linear or none."""
    arms: Mapping[str, ArmCalls] = field(default_factory=dict)
    ledger: Sequence[SpenderTotals] = ()
    train_seconds: float | None = None
    gap: Difference | None = None
    """Student minus teacher by the metric of the verdict."""
    coverage: float | None = None
    """Share of rows that the student answers itself in a cascade."""


class RunModels(NamedTuple):
    """The models of a run, and how its student was trained."""

    teacher: str
    base: str
    trained_with: str


def models_of(run: RunDir) -> RunModels:
    """As the run's own copy of its spec has them; UsageError where that is torn."""
    used: Mapping[str, Json] = read_json(run / "spec.json", dict, needs="spec")["spec"]
    train = used.get("student", {}).get("train", {})
    return RunModels(
        str(used.get("teacher", {}).get("model", "")), str(train.get("base", "")), str(train.get("with", "none"))
    )


def read_figures(run: RunDir, ledger: Sequence[SpenderTotals], models: RunModels) -> RunFigures:
    """The figures of a run's folder; `ledger` is what its spenders have sent. UsageError names a file that is torn."""
    there = (run / "comparison.json").exists()
    compared = read_result(run / "comparison.json", Comparison) if there else None
    parts = read_json(run / "comparison.json", dict) if there else {}
    return RunFigures(
        run=run.name,
        teacher=models.teacher,
        base=models.base,
        trained_with=models.trained_with,
        arms=_arms(run) if (run / "calls.parquet").exists() else {},
        ledger=ledger,
        train_seconds=run.manifest()["stages"].get("train", {}).get("seconds"),
        gap=gap_of(compared) if compared else None,
        coverage=number_of(parts.get("selective"), "coverage"),
    )


def gap_of(compared: Comparison) -> Difference | None:
    """Student minus teacher by the metric that carries the verdict."""
    return next((gap for gap in compared.differences if (gap.metric, gap.b) == (compared.metric, "teacher")), None)


def _arms(run: RunDir) -> dict[str, ArmCalls]:
    calls = read_parquet(run / "calls.parquet")
    answered = calls.filter(calls["ended"] == "ok")
    return {
        arm: _calls(answered.filter(answered["arm"] == arm))
        for arm in answered["arm"].unique(maintain_order=True).to_list()
    }


def _calls(rows: pl.DataFrame) -> ArmCalls:
    prompt, said = (rows[name].fill_null(0).to_list() for name in ("prompt_tokens", "completion_tokens"))
    return ArmCalls(prompt, said, rows["usd"].to_list(), rows["latency_s"].fill_null(0.0).to_list())
