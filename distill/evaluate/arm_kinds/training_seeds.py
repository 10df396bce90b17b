"""Several trainings of one student, each by a seed of its own: its score is their mean, and its intervals hold how much they differ.

A score of one training is one draw: another seed gives another student. The trainings answer the same test rows, so the mean of each row over
them takes the place of the student's score, and the variance of their means, over their number, is added to that of the rows.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.evaluate.scores import STUDENT, TRAINING, Scores, trainings
from distill.text.percentages import percent, points


@dataclass(frozen=True, slots=True)
class TrainingSeeds:
    """The trainings by the metric that carries the verdict: the mean of each, the one that serves first, and their standard deviation."""

    means: list[float]
    deviation: float
    n: int
    """Test rows that all of them have a score on."""

    @property
    def sentence(self) -> str:
        listed = ", ".join(percent(mean) for mean in self.means)
        return (
            f"The student was trained {len(self.means)} times, by as many seeds: {listed} (standard deviation {points(self.deviation)}, n = {self.n}). "
            "Its numbers are their mean, and the intervals hold that spread; the first one serves."
        )


def averaged(scores: Scores) -> Scores:
    """The scores with the student's as the mean over its trainings, on the rows that all of them have; those of each stay beside."""
    again = sorted({arm for arm, _ in scores if arm.startswith(TRAINING)})
    found: dict[tuple[str, str], Mapping[str, float]] = dict(scores)
    for metric in sorted({name for arm, name in scores if arm == STUDENT}) if again else ():
        each = [scores.get((arm, metric), {}) for arm in (STUDENT, *again)]
        shared = sorted(set.intersection(*(set(one) for one in each)))
        found[f"{TRAINING}1", metric] = scores[STUDENT, metric]
        found[STUDENT, metric] = {seed: statistics.fmean(one[seed] for one in each) for seed in shared}
    return found


def seeds_of(scores: Scores, metric: str) -> TrainingSeeds | None:
    """What the trainings come to by a metric; None where there is one training, or none has a score."""
    each = trainings(scores, metric)
    rows = sorted(scores.get((STUDENT, metric), {}))
    if len(each) < 2 or not rows:
        return None
    means = _means(each, rows)
    return TrainingSeeds(means, statistics.stdev(means), len(rows))


def _means(each: Sequence[Mapping[str, float]], rows: Sequence[str]) -> list[float]:
    return [math.fsum(one[seed] for seed in rows) / len(rows) for one in each]
