"""A learning curve, for people: what will be trained, then a table with a chart beside it, and the advice."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from distill.cli.durations import about, duration
from distill.text.percentages import percent, signed

if TYPE_CHECKING:
    from distill.evaluate.curve.result import CurvePoint, LearningCurve
    from distill.pipeline.learning_curve.plan import CurvePlan

_WIDE = 40
"""Cells of the chart."""


def plan_lines(plan: CurvePlan) -> list[str]:
    """What is to be trained, and about how long."""
    points = ", ".join(f"{count:,}" for count in plan.rows)
    times = f" × {plan.seeds} seeds" if plan.seeds > 1 else ""
    lines = [
        f"learning curve of {plan.run} ({plan.student}): {points} training rows{times}, each on the same {plan.test_rows:,} test rows"
    ]
    if not plan.to_train:
        return [*lines, "  nothing is to be trained: all of it is there"]
    count = sum(name.rows for name in plan.to_train)
    own = "; all rows are the run's own student" if plan.own else ""
    took = (
        "how long is not known, as nothing was trained yet in this task"
        if plan.seconds is None
        else about(plan.seconds)
    )
    trainings = f"{len(plan.to_train)} training{'s' if len(plan.to_train) > 1 else ''}"
    return [*lines, f"  to do: {trainings} of {count:,} rows in all, {took}{own}"]


def curve_lines(curve: LearningCurve) -> list[str]:
    """The table, a row a point, and whether more rows are worth their price."""
    low, high = _scale(curve)
    step = curve.last_step
    gain = step.gain
    return [
        f"{curve.run}: a {'linear model' if curve.student == 'linear' else 'student'} by its training rows, share {curve.measure}"
        f" on the same {curve.scored:,} of {curve.test_rows:,} test rows",
        f"  {'rows':>7}  {'score':>7}  {'interval':17}  {'n':>6}  {'training':>12}  {percent(low, 0):{_WIDE - 6}}{percent(high, 0):>6}",
        *(_point_line(point, low, high) for point in curve.points),
        f"  {step.from_rows:,} → {step.to_rows:,} rows: {signed(gain.mean)} points ({signed(gain.low)} to {signed(gain.high)}, n = {gain.n})",
        f"  intervals: {curve.interval}",
        "",
        curve.advice.sentence,
    ]


def _point_line(point: CurvePoint, low: float, high: float) -> str:
    score = point.score
    span = f"{percent(score.low)[:-2]} to {percent(score.high)}"
    few = "  too few rows" if score.small else ""
    return (
        f"  {point.rows:>7,}  {percent(score.mean):>7}  {span:17}  {score.n:>6,}  {_took(point.seconds):>12}  "
        f"{_mark(score.mean, score.low, score.high, low, high)}{few}"
    )


def _mark(mean: float, least: float, most: float, low: float, high: float) -> str:
    """A dot with its interval, on a scale from `low` to `high`."""
    at = [round((min(max(value, low), high) - low) / (high - low) * (_WIDE - 1)) for value in (least, mean, most)]
    cells = [" "] * at[0] + ["─"] * (at[2] - at[0] + 1) + [" "] * (_WIDE - 1 - at[2])
    cells[at[1]] = "●"
    return "".join(cells)


def _scale(curve: LearningCurve) -> tuple[float, float]:
    """The ends of the chart: tenths around all intervals."""
    low = math.floor(min(point.score.low for point in curve.points) * 10 + 1e-9) / 10
    high = math.ceil(max(point.score.high for point in curve.points) * 10 - 1e-9) / 10
    return (low, high) if high > low else (max(0.0, low - 0.1), min(1.0, high + 0.1))


def _took(seconds: float | None) -> str:
    return "under 1 s" if seconds is not None and seconds < 1 else duration(seconds)
