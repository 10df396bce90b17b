"""What looks at a training while it runs: keeps its loss curve and its best epoch, stops it when told to or when it no longer learns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.student.processes import group as processes
from distill.student.trainers.progress import checkpoints
from distill.student.trainers.progress.loss_curve import OnEpoch, OnStep, TrainStep, check_loss
from distill.student.trainers.progress.time_left import TimeLeft
from distill.teacher.endpoint.stopping import Stopped

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import TrainerState


@dataclass(slots=True, kw_only=True)
class Watch:
    """Told of each line that the trainer logs. `later` is what an epoch after the first takes of it, about; `patience` the epochs
    without a lower validation loss that end the training; in `kept` stands what the next one needs to go on.
    """

    on_step: OnStep | None
    on_epoch: OnEpoch | None = None
    save: Callable[[Mapping[str, Tensor], Path], Path] | None = None
    """Writes an adapter's weights into a folder."""
    kept: Path
    left: TimeLeft
    later: Callable[[], float]
    patience: int | None = None
    whole: Callable[[Path], None] | None = None
    """Writes the model, where all of it is tuned."""
    steps: list[TrainStep] = field(default_factory=list)
    best: checkpoints.BestEpoch = field(default_factory=checkpoints.BestEpoch)
    stopped: Stopped | None = None
    """What `on_step` raised: a checkpoint is written, and the training ends."""
    _started: float = field(default_factory=time.monotonic)
    _worse: int = 0

    @property
    def patience_is_over(self) -> bool:
        return self.patience is not None and self._worse >= self.patience

    def begins(self, step: int) -> None:
        """At a step, 0 but where it goes on from a checkpoint."""
        self.steps, self.best = checkpoints.curve(self.kept, step), checkpoints.best(self.kept, step)
        if self.steps:
            self._started -= self.steps[-1].seconds

    def logged(self, state: TrainerState, logs: Mapping[str, float]) -> None:
        """A line of the curve; one of another kind is passed over."""
        if not {"loss", "eval_loss"} & logs.keys():
            return
        # The trainer rounds what it logs to strings in some versions; a float reads both.
        train_loss, valid_loss = (
            check_loss(float(logs[name]), state.global_step) if name in logs else None for name in ("loss", "eval_loss")
        )
        tokens, seconds = int(state.num_input_tokens_seen), round(time.monotonic() - self._started, 3)
        accuracies = (
            float(logs[name]) if name in logs else None for name in ("mean_token_accuracy", "eval_mean_token_accuracy")
        )
        step = TrainStep(
            state.global_step, float(state.epoch or 0), train_loss, valid_loss, tokens, seconds, *accuracies
        )
        self.steps.append(step)
        left_s = self.left.after(tokens, seconds, trained=train_loss is not None, later=self.later())
        if self.on_step is not None and self.stopped is None:
            try:
                self.on_step(step, left_s)
            except Stopped as stop:
                self.stopped = stop

    def owes_a_look(self, step: int) -> bool:
        """Whether a training that has come to its end here was killed between its last checkpoint and the look at the validation rows."""
        return self.stopped is None and not any(one.step == step and one.valid_loss is not None for one in self.steps)

    def _epoch_ended(self, weights: Callable[[], Mapping[str, Tensor]]) -> None:
        save = self.save
        if self.on_epoch is not None and save is not None and self.whole is None:
            self.on_epoch(self.steps[-1], lambda folder: save(weights(), folder))

    def evaluated(self, step: int, loss: float, weights: Callable[[], Mapping[str, Tensor]]) -> None:
        """The end of an epoch; its weights are kept where they are the best so far."""
        self._epoch_ended(weights)
        if loss >= self.best.loss:
            self._worse += 1
            return
        # A whole model is not held in memory twice.
        held = {
            name: tensor.detach().cpu().clone() for name, tensor in (weights() if self.whole is None else {}).items()
        }
        self._worse, self.best = 0, checkpoints.BestEpoch(loss, step, held)
        checkpoints.keep_best(self.kept, self.best, self.whole)


def callback(watch: Watch) -> Any:
    """A watch as the trainer calls it."""
    from peft import get_peft_model_state_dict
    from transformers import TrainerCallback

    class Watched(TrainerCallback):  # type: ignore[misc]  # transformers is not followed, so its class is Any
        def on_train_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            watch.begins(state.global_step)

        def on_log(self, _args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            watch.logged(state, logs or {})
            if processes.agreed(watch.stopped is not None):
                control.should_save = control.should_training_stop = True

        def on_evaluate(self, _args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any) -> None:
            weights = kwargs["model"]
            watch.evaluated(state.global_step, float(metrics["eval_loss"]), lambda: get_peft_model_state_dict(weights))
            control.should_training_stop |= processes.agreed(watch.patience_is_over)

        def on_epoch_end(self, _args: Any, _state: Any, control: Any, **_: Any) -> None:
            if watch.stopped is not None:  # an epoch that was broken off is not looked at
                control.should_evaluate = False

        def on_save(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
            checkpoints.keep_curve(watch.kept, watch.steps)

    return Watched()


def following() -> Any:
    """The same in a process that trains along with another one: it stops when that one does, and keeps nothing."""
    from transformers import TrainerCallback

    class Following(TrainerCallback):  # type: ignore[misc]  # transformers is not followed, so its class is Any
        stopped = False

        def on_log(self, _args: Any, _state: Any, control: Any, **_: Any) -> None:
            self.stopped = processes.agreed(False)
            if self.stopped:
                control.should_save = control.should_training_stop = True

        def on_evaluate(self, _args: Any, _state: Any, control: Any, **_: Any) -> None:
            control.should_training_stop |= processes.agreed(False)

        def on_epoch_end(self, _args: Any, _state: Any, control: Any, **_: Any) -> None:
            if self.stopped:
                control.should_evaluate = False

    return Following()
