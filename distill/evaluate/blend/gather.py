"""The test rows of a finished run as a blend needs them, and what was set apart to find a threshold; nobody is asked anything.

A run without calibration rows has no confidence to go by. Its far inputs, broken answers and failed strata are known all the same, from the
tables of the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.errors import UsageError
from distill.evaluate.blend.blend import BlendCost, BlendRow, RowCall
from distill.evaluate.comparison import Comparison
from distill.evaluate.evidence.clusters import clusters_of
from distill.evaluate.scores import Scores, scores_by_arm
from distill.evaluate.selective import nearness, routing, sure_rows
from distill.evaluate.selective.measure import DRAWS
from distill.evaluate.selective.sure_rows import SureRow, trusted
from distill.records import Json
from distill.rundir import SPEC, RunDir, read_json, read_parquet, read_result


@dataclass(frozen=True, slots=True)
class RunRows:
    """`sure` are the confidences of the calibration rows, none where the run set no threshold; `routing` is the run's own then."""

    comparison: Comparison
    tests: pl.DataFrame
    scores: Scores
    rows: Sequence[BlendRow]
    """No stratum is taken for failed yet: that depends on the threshold."""
    sure: Sequence[float]
    routing: routing.Routing | None
    floor: float
    cost: BlendCost
    clusters: Mapping[str, str]


def rows_of(run: RunDir, other: str = "teacher") -> RunRows:
    """`other` is the arm that answers what the student does not; UsageError where the run cannot tell."""
    comparison = read_result(run.path / "comparison.json", Comparison)
    _compared(run, comparison, other)
    seeds = read_parquet(run.path / "seeds.parquet")
    tests = seeds.filter(role="test").sort("seed_id")
    scores = scores_by_arm(read_parquet(run.path / "scores.parquet"))
    calls = _calls(read_parquet(run.path / "calls.parquet"), scores, comparison.metric)
    limits = _routing(run, comparison)
    if limits is not None:
        apart = sure_rows.read(run.path / sure_rows.FILE)
        floor, found, before = limits.floor, apart["test"], apart["calibration"]
    else:
        floor, found = _without_calibration(run, tests, scores, calls)
        before = []
    rows = [_row(one, floor, limits is not None, calls, other) for one in found]
    sure = [trusted(one, floor) for one in before]
    cost = _cost(comparison, other, draws_of(run, limits))
    return RunRows(comparison, tests, scores, rows, sure, limits, floor, cost, clusters_of(tests))


def _compared(run: RunDir, found: Comparison, other: str) -> None:
    for arm in ("student", "teacher", other):
        if arm not in found.arms:
            known = ", ".join(name for name in found.arms if name != "student") or "none"
            raise UsageError(
                f"the comparison of {run.name} has no {arm}; it compared {', '.join(found.arms) or 'nobody'}. "
                + (f"--to takes one of {known}" if arm == other != "teacher" else
                   f"Put it into evaluate.arms, and `distill evaluate {run.task}`")
            )  # fmt: skip
    if other == "student":
        raise UsageError("--to student: what the student does not answer must go to another, say teacher")


def _routing(run: RunDir, comparison: Comparison) -> routing.Routing | None:
    """The run's own threshold, where there is one: a run that sets no rows apart, or of which nothing tells how sure it is, has none."""
    if comparison.selective is None or comparison.selective.threshold is None:
        return None
    return routing.read(run.path / routing.FILE)


Calls = Mapping[str, Mapping[str, RowCall]]
"""Arm → seed_id → what came of its call, for those that were answered."""


def _calls(calls: pl.DataFrame, scores: Scores, metric: str) -> Calls:
    answered = calls.filter(calls["ended"] == "ok")
    found: dict[str, dict[str, RowCall]] = {}
    for seed, arm, seconds, usd in answered.select("seed_id", "arm", "latency_s", "usd").iter_rows():
        found.setdefault(arm, {})[seed] = RowCall(scores.get((arm, metric), {}).get(seed), seconds, usd)
    return found


def _without_calibration(run: RunDir, tests: pl.DataFrame, scores: Scores, calls: Calls) -> tuple[float, list[SureRow]]:
    """(floor, test rows) by what the tables of a run say: the nearest training row, and whether the answer obeys the schema."""
    samples = read_parquet(run.path / "samples.parquet", ["fate", "input"])
    trained = samples.filter(pl.col("fate").is_in(["train", "valid"]))["input"].to_list()
    if not trained:
        raise UsageError(f"{run.name} has no training row, so nothing says how near an input is to them")
    texts = nearness.training_texts(trained)
    near = zip(tests["seed_id"], texts.nearest(tests["input"].to_list()).tolist(), strict=True)
    obeyed = scores.get(("student", "schema"), {})  # none where the task has no schema
    said = calls.get("student", {})
    found = [SureRow(seed, None, one, seed in said and obeyed.get(seed, 1.0) == 1, None) for seed, one in near]
    return texts.floor, found


def _row(one: SureRow, floor: float, calibrated: bool, calls: Calls, other: str) -> BlendRow:
    student, others, teacher = (calls.get(arm, {}).get(one.seed_id, RowCall()) for arm in ("student", other, "teacher"))
    return BlendRow(
        one.seed_id, one.confidence if calibrated else None, far=one.near < floor, answered=one.obeys, failed=False,
        student=student, other=others, teacher=teacher,
    )  # fmt: skip


def _cost(found: Comparison, other: str, draws: int) -> BlendCost:
    usd = {name: None if arm.usd_per_1000 is None else arm.usd_per_1000 / 1000 for name, arm in found.arms.items()}
    return BlendCost(usd.get("student"), usd.get(other), 1 + draws)


def draws_of(run: RunDir, limits: routing.Routing | None) -> int:
    """Further draws of the student, which tell how sure it is where nothing else does, and are paid for."""
    if limits is None or limits.signal != DRAWS:
        return 0
    used: Mapping[str, Mapping[str, Json]] = read_json(run.path / SPEC, dict, needs="spec")["spec"]
    return int((used["evaluate"].get("calibration") or {}).get("draws") or 0)
