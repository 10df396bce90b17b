"""The loss curve of a training, and the weights of the epoch with the lowest validation loss."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from distill.base_model.tokenise import TrainError
from distill.student.trainers.time_left import TimeLeft


@dataclass(frozen=True, slots=True)
class TrainStep:
    """One line of the loss curve. Losses are nats a token; a valid loss stands at the end of each epoch. `tokens` were read so far,
    padding excluded."""

    step: int
    epoch: float
    train_loss: float | None
    valid_loss: float | None
    tokens: int
    seconds: float


def check_loss(loss: float, step: int) -> float:
    """`loss`, unless it looks like broken training: not finite, or exactly zero (every label masked)."""
    if math.isfinite(loss) and loss > 0:
        return loss
    cause = "no token carries a loss" if loss == 0 else "the learning rate is too high, or the base holds NaN"
    raise TrainError(f"the loss is {loss!r} at step {step}: {cause}; no adapter was written")


OnStep = Callable[[TrainStep, float | None], None]
"""Called with a line of the curve, and the seconds that are left where there is a basis for them."""


def best_epoch(on_step: OnStep | None, *, started: float, left: TimeLeft, later: Callable[[], float]) -> Any:
    """A trainer callback that keeps the loss curve and the weights of the best epoch. `later`: what an epoch takes of the first, about."""
    from peft import get_peft_model_state_dict
    from transformers import TrainerCallback

    class BestEpoch(TrainerCallback):  # type: ignore[misc]  # transformers is not followed, so its class is Any
        def __init__(self) -> None:
            self.steps: list[TrainStep] = []
            self.weights: dict[str, Any] = {}
            self.loss, self.step = math.inf, 0

        def on_log(self, _args: Any, state: Any, _control: Any, logs: Any = None, **_: Any) -> None:
            if not logs or not {"loss", "eval_loss"} & logs.keys():
                return
            # The trainer rounds what it logs to strings in some versions; a float reads both.
            train_loss, valid_loss = (
                check_loss(float(logs[name]), state.global_step) if name in logs else None
                for name in ("loss", "eval_loss")
            )
            now = int(state.num_input_tokens_seen), round(time.monotonic() - started, 3)
            step = TrainStep(state.global_step, float(state.epoch or 0), train_loss, valid_loss, *now)
            self.steps.append(step)
            left_s = left.after(*now, trained=train_loss is not None, later=later())
            if on_step is not None:
                on_step(step, left_s)

        def on_evaluate(self, _args: Any, state: Any, _control: Any, metrics: Any = None, **kwargs: Any) -> None:
            loss = float(metrics["eval_loss"])
            if loss < self.loss:
                weights = get_peft_model_state_dict(kwargs["model"])
                self.weights = {name: tensor.detach().cpu().clone() for name, tensor in weights.items()}
                self.loss, self.step = loss, state.global_step

    return BestEpoch()
