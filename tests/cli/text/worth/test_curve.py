"""A learning curve in a terminal: figures in columns, a mark where each score lies, and what is to be trained beforehand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distill.cli.text.worth.curve import curve_lines, plan_lines
from distill.evaluate.curve.result import CurveAdvice, CurvePoint, LastStep, LearningCurve, RowPrice, SeedScore
from distill.pipeline.learning_curve.plan import CurvePlan
from distill.pipeline.learning_curve.points import PointName
from distill.stats import Estimate

PLAN = CurvePlan(
    run="mood/001", student="lora", rows=(50, 100), seeds=2, test_rows=80, to_train=(PointName(50, 0), PointName(50, 1)), own=True, seconds=130.0
)  # fmt: skip
CURVE = LearningCurve(
    run="mood/001", student="lora", metric="json_fields", measure="of the fields right", test_rows=80, scored=79, seeds=1, interval="95 %",
    points=[
        CurvePoint(50, Estimate(0.5, 0.4, 0.6, 79), [SeedScore(0, 0.5, 0.2)]),
        CurvePoint(1100, Estimate(0.9, 0.8, 1.0, 79), [SeedScore(0, 0.9, 75.0)]),
    ],
    last_step=LastStep(50, 1100, Estimate(0.4, 0.3, 0.5, 79)), doubling=None, price=RowPrice(0.0, 9), advice=CurveAdvice("more", "More rows help."),
)  # fmt: skip


def test_each_point_is_a_line_with_its_mark() -> None:
    lines = curve_lines(CURVE)
    assert "the same 79 of 80 test rows" in lines[0]
    assert lines[2].split()[:9] == ["50", "50.0", "%", "40.0", "to", "60.0", "%", "79", "under"]
    assert "1,100" in lines[3]
    assert "1 min 15 s" in lines[3]
    marks = [line.index("●") for line in lines[2:4]]
    assert marks[0] < marks[1]
    assert lines[1].rstrip().endswith("100 %")
    assert "50 → 1,100 rows: +40.0 points (+30.0 to +50.0, n = 79)" in lines[4]
    assert lines[-1] == "More rows help."


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_scores_that_are_all_alike_have_a_scale(share: float) -> None:
    point = replace(CURVE.points[0], score=Estimate(share, share, share, 79))
    assert "●" in curve_lines(replace(CURVE, points=[point, point]))[2]


def test_what_is_to_be_trained_is_told_first() -> None:
    lines = plan_lines(PLAN)
    assert (
        lines[0] == "learning curve of mood/001 (lora): 50, 100 training rows × 2 seeds, each on the same 80 test rows"
    )
    assert lines[1] == "  to do: 2 trainings of 100 rows in all, about 2 minutes; all rows are the run's own student"
    assert "how long is not known" in plan_lines(replace(PLAN, seconds=None))[1]
    assert "nothing is to be trained" in plan_lines(replace(PLAN, to_train=()))[1]
