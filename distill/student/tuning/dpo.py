"""DPO by TRL, from the adapter of a supervised training, which is also its reference.

    loss     -log sigmoid(margin)
    margin   beta × (how much likelier the better answer became than under the reference − the same of the worse one)

Before the first step every margin is 0. At the end of each epoch it is taken on pairs that were held out, one by one; the epoch with the
highest mean is kept, and none where no mean is above 0.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.base_model import load
from distill.base_model.quiet import quiet
from distill.base_model.tokenise import TrainError
from distill.records import Json
from distill.stats import Estimate, proportion
from distill.student.trainers.lora import save_adapter
from distill.student.tuning.pair_trainer import dataset, over_pairs
from distill.student.tuning.pairs import TokenPair, TokenPairs
from distill.teacher.endpoint.stopping import Stopped

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from trl import DPOConfig, DPOTrainer

LOOKED_AT = 64
"""Held-out pairs that are looked at when an epoch ends."""

OnStep = Callable[[int, float], None]
"""Called with a step and its loss; Stopped ends the training."""


@dataclass(frozen=True, slots=True)
class DpoSettings:
    """As `student.train.preference` and, of the batches, `student.train` say."""

    beta: float = 0.1
    epochs: float = 1
    learning_rate: float = 5e-6
    batch_size: int = 8
    accumulate: int = 1
    recompute: bool = False
    bits: int | None = None
    seed: int = 0

    def steps(self, pairs: int) -> int:
        return max(1, math.ceil(self.epochs * math.ceil(pairs / (self.batch_size * self.accumulate))))


@dataclass(frozen=True, slots=True)
class DpoResult:
    """`kept` where held-out pairs came apart the right way: their mean `margin` rose above 0. `accuracy` is the share of them whose margin
    is above 0; both are the best epoch's.
    """

    kept: bool
    margin: float
    accuracy: Estimate
    curve: Sequence[Mapping[str, Json]]


@dataclass(slots=True)
class _Look:
    """What is seen of a training while it runs."""

    on_step: OnStep | None
    curve: list[dict[str, Json]] = field(default_factory=list)
    best: tuple[float, list[float], dict[str, Tensor]] = (-math.inf, [], {})
    stopped: Stopped | None = None

    def logged(self, step: int, logs: Mapping[str, float]) -> None:
        """A step's loss and its reward margin."""
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise TrainError(
                f"the loss of preferences is {loss!r} at step {step}: student.train.preference.learning_rate is too high; nothing was written"
            )
        names = {"margin": "rewards/margins", "accuracy": "rewards/accuracies"}
        told = {name: float(logs[key]) for name, key in names.items() if key in logs}
        self.curve.append({"preference_step": step, "preference_loss": loss} | told)
        if self.on_step is not None and self.stopped is None:
            try:
                self.on_step(step, loss)
            except Stopped as stop:
                self.stopped = stop

    def epoch_ended(self, step: int, margins: list[float], weights: Callable[[], Mapping[str, Tensor]]) -> None:
        """Margins of the held-out pairs; the weights are kept where their mean is the highest so far."""
        mean = sum(margins) / len(margins)
        right = sum(margin > 0 for margin in margins)
        self.curve.append(
            {
                "preference_step": step,
                "valid_margin": mean,
                "valid_accuracy": right / len(margins),
                "pairs": len(margins),
            }
        )
        if mean > self.best[0]:
            held = {name: tensor.detach().cpu().clone() for name, tensor in weights().items()}
            self.best = (mean, margins, held)


def train(
    *, base: Path, adapter: Path, pairs: TokenPairs, out: Path, settings: DpoSettings,
    template: Path | None = None, on_step: OnStep | None = None,
) -> DpoResult:  # fmt: skip
    """Train the peft folder `adapter` on from the pairs, and write `out` where held-out pairs say that it helped; else nothing is written.

    Raises TrainError where a loss is not finite, and Stopped where `on_step` does: the next begins at `adapter` again.
    """
    from transformers import set_seed

    set_seed(settings.seed)
    with quiet():
        model = _with_adapter(base, adapter, settings)
        trainer = over_pairs()(
            model=model, args=_arguments(out.parent / "preference", settings), train_dataset=dataset(pairs.train),
            processing_class=load.tokeniser(base, template),
        )  # fmt: skip
        look, held_out = _Look(on_step), pairs.held_out[:LOOKED_AT]
        trainer.add_callback(_callback(look, trainer, held_out))
        trainer.train()
    shutil.rmtree(trainer.args.output_dir, ignore_errors=True)
    if look.stopped is not None:
        raise look.stopped
    mean, margins, weights = look.best
    kept = mean > 0
    if kept:
        save_adapter(model, weights, out)
    right = sum(margin > 0 for margin in margins)
    return DpoResult(kept, mean, proportion(right, len(margins)), look.curve)


def _with_adapter(base: Path, adapter: Path, settings: DpoSettings) -> PeftModel:
    from peft import PeftModel, prepare_model_for_kbit_training

    model = load.model(base, bits=settings.bits)
    if settings.bits is not None:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=settings.recompute)
    return PeftModel.from_pretrained(model, adapter, is_trainable=True)


def _arguments(folder: Path, settings: DpoSettings) -> DPOConfig:
    from torch.cuda import is_available as on_gpu
    from trl import DPOConfig

    return DPOConfig(
        output_dir=str(folder),
        beta=settings.beta,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=settings.batch_size,
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        seed=settings.seed,
        use_cpu=not on_gpu(),
        dataloader_pin_memory=on_gpu(),
        bf16=False,  # the weights' own dtype decides
        max_length=None,
        gradient_checkpointing=settings.recompute,
        gradient_accumulation_steps=settings.accumulate,
        # Of a single epoch the reference is computed once for each pair either way.
        precompute_ref_log_probs=settings.epochs > 1,
        logging_steps=1,
        logging_nan_inf_filter=False,
        eval_strategy="no",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def _callback(look: _Look, trainer: DPOTrainer, held_out: Sequence[TokenPair]) -> Any:
    from peft import get_peft_model_state_dict
    from transformers import TrainerCallback

    class Looked(TrainerCallback):  # type: ignore[misc]  # transformers is not followed, so its class is Any
        def on_log(self, _args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if "loss" in (logs or {}):
                look.logged(state.global_step, logs)
            control.should_training_stop |= look.stopped is not None

        def on_epoch_end(self, _args: Any, state: Any, _control: Any, **kwargs: Any) -> None:
            if look.stopped is None:
                model = kwargs["model"]
                look.epoch_ended(
                    state.global_step,
                    trainer.margins(held_out),
                    # No look for new embeddings: it would ask the hub for the base.
                    lambda: get_peft_model_state_dict(model, adapter_name="default", save_embedding_layers=False),
                )

    return Looked()
