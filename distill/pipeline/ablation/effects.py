"""The trainings of an ablation, scored on the same test rows, and what each left-out gate changes: row by row, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from distill.evaluate.ablation.result import VariantScore
from distill.evaluate.curve import intervals
from distill.evaluate.curve.intervals import Floats
from distill.evaluate.curve.result import SeedScore
from distill.pipeline.learning_curve.scores import CurveScores
from distill.pipeline.learning_curve.scores import scored as scores_of
from distill.stats import Estimate
from distill.stats.cluster_draws import widened

if TYPE_CHECKING:
    import polars as pl

    from distill.pipeline.learning_curve.points import Trained
    from distill.task.run import ActiveRun

_TAIL = 2.5
"""Percent that lie beyond each end of an interval."""


@dataclass(frozen=True, slots=True)
class MeasuredEffect:
    """All variants on the same test rows; the first of `points` is the run as it is, with nothing left out."""

    points: Mapping[str, Sequence[Trained]]
    scores: CurveScores
    drawn: Floats
    """(draws, variants)"""

    @property
    def metric(self) -> str:
        return self.scores.metric

    @property
    def measure(self) -> str:
        return self.scores.measure

    @property
    def scored(self) -> int:
        """Test rows that every training has a score on."""
        return int(self.scores.values.shape[2])

    def score(self, name: str) -> VariantScore:
        """One variant, over all of its seeds."""
        at = self._at(name)
        values = self.scores.values[at]
        means = values.mean(axis=1).tolist()
        each = [SeedScore(one.name.seed, mean, one.seconds) for one, mean in zip(self.points[name], means, strict=True)]
        return VariantScore(intervals.score(values, self.drawn[:, at], self.scores.clusters), each)

    def effect(self, name: str) -> Estimate:
        """With it minus without it, in shares of 1."""
        values, at = self.scores.values, self._at(name)
        return intervals.difference(values[0], values[at], self._differences(name), self.scores.clusters)

    def sure(self, name: str) -> list[float]:
        """(low, high) by Bonferroni over all that was left out, so that one of many is not told by chance."""
        effect, tail = self.effect(name), _TAIL / (len(self.points) - 1)
        low, high = (float(at) for at in np.percentile(self._differences(name), [tail, 100 - tail]))
        low, high = widened(effect.mean, low, high, self.scores.clusters)
        return [min(low, effect.low), max(high, effect.high)]

    def _differences(self, name: str) -> Floats:
        differences: Floats = self.drawn[:, 0] - self.drawn[:, self._at(name)]
        return differences

    def _at(self, name: str) -> int:
        return list(self.points).index(name)


def measure(run: ActiveRun, tests: pl.DataFrame, points: Mapping[str, Sequence[Trained]]) -> MeasuredEffect | None:
    """None where nothing was trained; GateNotMet where nothing scores these answers."""
    if not points:
        return None
    scores = scores_of(run.task, run.folder, tests, list(points.values()))
    return MeasuredEffect(points, scores, intervals.drawn_means(scores.values, scores.clusters))
