"""Rows that are far from all training rows: does the student lose more on them than on near ones, beyond what the teacher does?

Nearness is that of the cascade (`distill.evaluate.selective.nearness`): the cosine with the nearest training input. The third of the test rows that is farthest is held
against the third that is nearest, each by student minus teacher row by row.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from distill.evaluate.probes.result import ProbeExample, ProbeQuestion, ProbeResult
from distill.evaluate.probes.rows import ProbeRows, together
from distill.evaluate.selective.nearness import nearness
from distill.stats import FEW, Estimate
from distill.stats.clusters import Clusters, independent_rows, quantile

PROBE = "out_of_distribution"
_LOSS = ProbeQuestion(
    PROBE, "far_rows", "loss to the teacher on the rows farthest from training, beyond that on the nearest", "points", threshold=10.0
)  # fmt: skip


def out_of_distribution(rows: ProbeRows) -> list[ProbeResult]:
    """Points that the student loses on far rows."""
    if not rows.train:
        return [_LOSS.unmeasured("the run has no training rows to be far from")]
    student, teacher = (rows.scores.get((arm, rows.metric), {}) for arm in ("student", "teacher"))
    scored = [row for row in rows.answered if row.seed_id in student and row.seed_id in teacher]
    third = len(scored) // 3
    if third < FEW:
        return [
            _LOSS.unmeasured(f"{len(scored)} rows are scored on both sides, and {3 * FEW} are needed for three parts")
        ]
    near = nearness([row.input for row in scored], [asked for asked, _ in rows.train]).tolist()
    order = sorted(range(len(scored)), key=lambda n: (near[n], scored[n].seed_id))
    gaps = [student[row.seed_id] - teacher[row.seed_id] for row in scored]
    parts = order[:third], order[-third:]
    far, close = ([gaps[n] for n in part] for part in parts)
    clusters = [together(scored[n] for n in part) for part in parts]
    examples = [
        ProbeExample(
            scored[n].seed_id, scored[n].input, scored[n].student or "", f"nearest training row: {near[n]:.0%} alike"
        )
        for n in order[:third]
        if gaps[n] < 0
    ]
    reason = (
        f"student minus teacher is {100 * statistics.fmean(far):+.1f} points on the {third} farthest rows and "
        f"{100 * statistics.fmean(close):+.1f} on the {third} nearest"
    )
    return [_LOSS.answered(_beyond(close, far, clusters[1], clusters[0]), reason, examples)]


def _beyond(close: Sequence[float], far: Sequence[float], of_close: Clusters, of_far: Clusters) -> Estimate:
    """Mean of `close` minus mean of `far` in points, with Welch's interval; rows of one cluster count as what they are worth together."""
    mean = statistics.fmean(close) - statistics.fmean(far)
    near_rows, far_rows = independent_rows(close, of_close), independent_rows(far, of_far)
    spread = math.sqrt(statistics.variance(close) / near_rows + statistics.variance(far) / far_rows)
    half = quantile(len(close) + len(far), [*of_close, *of_far]) * max(spread, 1 / far_rows / 2)
    return Estimate(100 * mean, 100 * (mean - half), 100 * (mean + half), len(close) + len(far))
