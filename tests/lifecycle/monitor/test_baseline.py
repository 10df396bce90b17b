"""What a rate in production is held against, and the figures of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.lifecycle.monitor.answer_flags import free_gates
from distill.lifecycle.monitor.baseline import baseline, bounds, unwatched_gates
from distill.lifecycle.monitor.known_inputs import Count
from distill.pipeline.open_task import open_task
from distill.rundir import RunDir

COUNTS = {"schema": Count(0, 200), "far_input": Count(5, 1000), "echo": Count(40, 200)}


def test_the_chance_of_a_false_alarm_is_shared_out_once() -> None:
    """Three quarters of each part are for the run's own rate; a signal that is off takes none."""
    found = bounds(COUNTS, alpha=0.01, tolerance=0.01, limits={}, off=["echo"])
    assert [one.signal for one in found] == ["schema", "finish_reason", "far_input"]
    of_run, of_limit = [one.level for one in found if one.source == "run"], [one.level for one in found if one.source == "spec"]
    assert of_run == pytest.approx([0.01 / 3 / 4] * 2)
    assert of_limit == pytest.approx([0.01 / 3])


def test_few_rows_of_the_run_allow_more() -> None:
    few, many = (
        bounds({"schema": Count(rows // 100, rows)}, alpha=0.01, tolerance=0.0, limits={}, off=())[0].limit for rows in (200, 20_000)
    )
    assert few > 0.04
    assert 0.01 < many < 0.014


def test_a_limit_of_the_spec_takes_the_place_of_the_runs_figure() -> None:
    found = {one.signal: one for one in bounds(COUNTS, alpha=0.01, tolerance=0.01, limits={"schema": 0.02, "bad_feedback": 0.1}, off=())}
    assert (found["schema"].limit, found["schema"].source) == (0.02, "spec")
    assert found["bad_feedback"].limit == 0.1
    assert found["echo"].limit > 0.21


def test_the_figures_of_a_run(finished_moods: Path) -> None:
    task = open_task(finished_moods, env={})
    found = baseline(RunDir(task.home, "mood", 1), free_gates(task.spec.gate_settings(), output=task.output, tools=task.tools))
    assert found.counts["schema"] == Count(0, 80)
    assert found.counts["teacher_differs"].rows == 80
    assert found.counts["far_input"].rows == 241
    assert found.routing is None
    assert found.known.labels == {"kind": frozenset("ab")}


def test_gates_that_are_not_watched_are_named() -> None:
    assert unwatched_gates([("schema", {}), ("judge", {}), ("verify", {})]) == ["judge", "verify"]
