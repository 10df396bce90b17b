"""What a gate asks for beside what was measured: each demand alone, met and not, and what is not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.evaluate.by_label import LabelScores
from distill.evaluate.comparison import ArmResult, Comparison, Difference
from distill.evaluate.gate.checks import GateCheck, checks, checks_of, number_of
from distill.evaluate.verdict import ComparisonVerdict
from distill.rundir import RunDir
from distill.spec.evaluation.evaluate import Evaluate
from distill.spec.evaluation.gate import EvaluationGate
from distill.stats import Estimate

STUDENT = ArmResult({"schema": Estimate(0.98, 0.95, 0.99, 100)}, 100, 0, 0, 0.1, 0.2, 60.0, 20.0, 1.0)


def cell(value: str, student: float, teacher: float, n: int) -> LabelScores:
    return LabelScores(value, Estimate(student, 0.0, 1.0, n), Estimate(teacher, 0.0, 1.0, n))


COMPARED = Comparison(
    metric="json_fields", kind="fields", margin=0.02, rows=100, arms={"student": STUDENT},
    differences=[Difference("json_fields", "student", "teacher", 0.0, -0.03, 0.03, 100, small=False)],
    by_label={"tone": [cell("calm", 0.9, 0.8, 60), cell("angry", 0.7, 0.8, 30), cell("odd", 0.0, 1.0, 10)]},
    worst=[], warnings=[], verdict=ComparisonVerdict("undecided", ["Undecided."]),
)  # fmt: skip
PARTS = {"selective": {"coverage": 0.62}, "probes": [{"name": "forgetting", "value": 1.5}]}


def only(**gate: float) -> GateCheck:
    [found] = checks(COMPARED, PARTS, gate=EvaluationGate.model_validate(gate))
    return found


@pytest.mark.parametrize(
    ("name", "met", "missed", "found"),
    [
        ("points", -3, -2.9, -3.0),
        ("strata", -10, -9.9, -10.0),
        ("schema", 0.98, 0.99, 0.98),
        ("coverage", 0.62, 0.63, 0.62),
        ("forgetting", 1.5, 1.4, 1.5),
    ],
)
def test_each_demand_is_held_against_its_own_figure(name: str, met: float, missed: float, found: float) -> None:
    good, bad = only(**{name: met - 1e-9 if name != "forgetting" else met}), only(**{name: missed})
    assert (good.name, good.state, good.met) == (name, "met", True)
    assert (bad.state, bad.met) == ("not met", False)
    assert good.found == pytest.approx(found)
    assert bad.found == pytest.approx(found)
    assert good.sentence


def test_points_are_the_low_end_of_the_interval_and_never_the_mean() -> None:
    assert only(points=0).state == "not met"
    assert "−3.0 points" in only(points=0).sentence


def test_a_stratum_of_few_rows_is_left_out_and_said() -> None:
    found = only(strata=-20)
    assert found.met
    assert "tone = angry" in found.sentence
    assert "1 of 3 strata have under 20 rows" in found.sentence


@pytest.mark.parametrize("name", ["points", "strata", "schema", "coverage", "forgetting"])
def test_what_is_asked_for_and_not_measured_is_not_met(name: str) -> None:
    nothing = replace(COMPARED, arms={}, differences=[], by_label={})
    gate = EvaluationGate.model_validate({name: 0})
    for compared in (nothing, None):
        [found] = checks(compared, {}, gate=gate)
        assert (found.state, found.met, found.found) == ("not measured", False, None)
        assert "wanted" in found.sentence


def test_the_word_that_is_required_is_a_check_too() -> None:
    assert checks(COMPARED, {}, gate=None) == []
    assert [one.state for one in checks(COMPARED, {}, gate=None, require="distil")] == ["not met"]
    assert [one.state for one in checks(None, {}, gate=None, require="distil")] == ["not measured"]
    told = replace(COMPARED, verdict=ComparisonVerdict("distil", ["Distil."]))
    assert [one.state for one in checks(told, {}, gate=None, require="distil")] == ["met"]


@pytest.mark.parametrize(
    ("part", "found"),
    [({"a": 1}, 1.0), ({"a": {"value": 2}}, 2.0), ({"a": {"mean": 3}}, 3.0), ([{"name": "a", "value": 4}], 4.0),
     ({"a": True}, None), ({"a": "5"}, None), ({}, None), (None, None), ([1], None)],
)  # fmt: skip
def test_a_figure_of_a_part_is_a_number_or_none(part: object, found: float | None) -> None:
    assert number_of(part, "a") == found


def test_no_comparison_is_not_measured_and_a_torn_one_is_said(tmp_path: Path) -> None:
    run, spec = RunDir(tmp_path, "mood", 1), Evaluate.model_validate({"gate": {"points": 0}})
    assert [one.state for one in checks_of(run, spec)] == ["not measured"]
    run.path.mkdir(parents=True)
    (run.path / "comparison.json").write_text("{")
    with pytest.raises(UsageError, match="distill evaluate mood"):
        checks_of(run, spec)
