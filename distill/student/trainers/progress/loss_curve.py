"""The loss curve of a training, and whether its losses look like training at all."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from distill.base_model.tokenise import TrainError


@dataclass(frozen=True, slots=True)
class TrainStep:
    """One line of the loss curve. Losses are nats a token; a valid loss stands at the end of each epoch. `tokens` were read so far,
    padding excluded. An accuracy is the share of answer tokens that were the likeliest ones."""

    step: int
    epoch: float
    train_loss: float | None
    valid_loss: float | None
    tokens: int
    seconds: float
    train_accuracy: float | None = None
    valid_accuracy: float | None = None


OnStep = Callable[[TrainStep, float | None], None]
"""Called with a line of the curve, and the seconds that are left where there is a basis for them."""

OnEpoch = Callable[[TrainStep, Callable[[Path], Path]], None]
"""Called with the line that ends an epoch, and what writes the adapter as it is then into a folder; of an adapter alone."""


def check_loss(loss: float, step: int) -> float:
    """`loss`, unless it looks like broken training: not finite, or exactly zero (every label masked)."""
    if math.isfinite(loss) and loss > 0:
        return loss
    cause = "no token carries a loss" if loss == 0 else "the learning rate is too high, or the base holds NaN"
    raise TrainError(f"the loss is {loss!r} at step {step}: {cause}; nothing was written")
