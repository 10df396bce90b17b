"""What the losses of a training say: did it learn its rows, was it stopped early, and does it know them too well?"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.records import Json

_RISE, _FALL = 1.1, 0.9
"""Of a loss before: a rise that is over-training, and a fall that has not come to its end."""
_GAP = 0.5
"""Nats a token between validation and training rows."""
_UNLEARNT = 0.4
"""Share of the first loss that is left at the end where a model is too small for its rows."""
_STEPS = 8
"""Steps from which the losses of a training tell a tendency."""


@dataclass(frozen=True, slots=True)
class TrainingLosses:
    """Losses in nats a token; those of training rows are means over a quarter of the steps, but for the first."""

    steps: int
    first: float
    before_last: float
    """Of the third quarter."""
    last: float
    """Of the last quarter."""
    held: tuple[float, ...]
    """Of the validation rows, in time; empty where there are none."""
    best_epoch: int
    """The epoch after which `held` was lowest, from 1; 0 where it is empty."""

    @property
    def overfits(self) -> bool:
        """The validation loss rose again, or lies far above that of the training rows."""
        return bool(self.held) and (self.held[-1] > _RISE * min(self.held) or self.held[-1] - self.last > _GAP)

    @property
    def still_falling(self) -> bool:
        """The loss fell to the end: of the validation rows where they were looked at twice, else of the training rows."""
        if self.overfits or self.steps < _STEPS:
            return False
        if len(self.held) > 1:
            return self.held[-1] < _FALL * self.held[-2]
        return self.last < _FALL * self.before_last

    @property
    def unlearnt(self) -> bool:
        """It learnt its own training rows only in part, and had the time."""
        return (
            self.steps >= _STEPS and not self.still_falling and not self.overfits and self.last > _UNLEARNT * self.first
        )


def training_losses(losses: Sequence[Mapping[str, Json]]) -> TrainingLosses | None:
    """The losses of student/loss.json; None where no training row's loss is there."""
    train = [float(row["train_loss"]) for row in losses if row.get("train_loss") is not None]
    held = [
        (float(row["valid_loss"]), float(row.get("epoch") or n))
        for n, row in enumerate(losses, 1)
        if row.get("valid_loss") is not None
    ]
    if not train:
        return None
    quarter = max(1, len(train) // 4)
    best = min(held, default=(0.0, 0.0))
    return TrainingLosses(
        steps=len(train),
        first=statistics.fmean(train[: max(1, len(train) // 20)]),
        before_last=statistics.fmean(train[-2 * quarter : -quarter] or train),
        last=statistics.fmean(train[-quarter:]),
        held=tuple(value for value, _ in held),
        best_epoch=round(best[1]),
    )
