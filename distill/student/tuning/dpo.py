"""DPO by TRL, from the adapter of a supervised training, which is also its reference.

    loss     -log sigmoid(margin)
    margin   beta × (how much likelier the better answer became than under the reference − the same of the worse one)

Before the first step every margin is 0. At the end of each epoch it is taken on pairs that were held out, one by one; the epoch with the
highest mean is kept, and none where no mean is above 0. A training that was killed goes on from its last checkpoint.

    preference/  key  checkpoint-36/  curve.json  best.safetensors  best.json
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.atomic_write import write_json
from distill.base_model import load
from distill.base_model.local import fingerprint
from distill.base_model.quiet import quiet
from distill.base_model.tokenise import TrainError
from distill.records import Json, content_id
from distill.rundir import file_hash
from distill.stats import Estimate, proportion
from distill.student.trainers.adapter_weights import save_adapter, without_cards
from distill.student.trainers.batches import trl_arguments
from distill.student.trainers.progress import checkpoints
from distill.student.tuning.pairs import TokenPair, TokenPairs, as_columns
from distill.teacher.endpoint.stopping import Stopped

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from trl import DPOConfig, DPOTrainer

LOOKED_AT = 64
"""Held-out pairs that are looked at when an epoch ends."""

OnStep = Callable[[int, float], None]
"""Called with a step and its loss; Stopped ends the training."""

OnEpoch = Callable[[Mapping[str, Json], Callable[[Path], Path]], None]
"""Called with the line of the curve that ends an epoch, and what writes the adapter as it is then into a folder."""


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
    kept: Path
    """Where what the next training needs to go on stands."""
    curve: list[dict[str, Json]] = field(default_factory=list)
    best: tuple[float, list[float], dict[str, Tensor]] = (-math.inf, [], {})
    stopped: Stopped | None = None
    on_epoch: OnEpoch | None = None
    save: Callable[[Mapping[str, Tensor], Path], Path] | None = None

    def begins(self, step: int) -> None:
        """At a step, 0 but where it goes on from a checkpoint."""
        curve, best = self.kept / "curve.json", self.kept / "best.json"
        lines = json.loads(curve.read_bytes()) if curve.is_file() else []
        self.curve = [line for line in lines if line["preference_step"] <= step]
        found = json.loads(best.read_bytes()) if best.is_file() else None
        if found is not None and found["step"] <= step:
            from safetensors.torch import load_file

            self.best = (found["mean"], found["margins"], load_file(self.kept / "best.safetensors"))

    def keep_curve(self) -> None:
        write_json(self.kept / "curve.json", self.curve)

    def looked_at(self, step: int) -> bool:
        return any(line["preference_step"] == step and "valid_margin" in line for line in self.curve)

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
                "valid_loss": sum(math.log1p(math.exp(-abs(one))) + max(-one, 0.0) for one in margins) / len(margins),
                "pairs": len(margins),
            }
        )
        if mean > self.best[0]:
            held = {name: tensor.detach().cpu().clone() for name, tensor in weights().items()}
            self.best = (mean, margins, held)
            _keep_best(self.kept, self.best, step)
        save = self.save
        if self.on_epoch is not None and save is not None:
            self.on_epoch(self.curve[-1], lambda folder: save(weights(), folder))
        self.keep_curve()


def _keep_best(kept: Path, best: tuple[float, list[float], dict[str, Tensor]], step: int) -> None:
    """The best epoch; its description last, so that it is never of other weights."""
    from safetensors.torch import save_file

    (kept / "best.json").unlink(missing_ok=True)
    save_file(best[2], kept / "best.safetensors")
    write_json(kept / "best.json", {"mean": best[0], "margins": best[1], "step": step})


def train(
    *, base: Path, adapter: Path, pairs: TokenPairs, out: Path, settings: DpoSettings,
    template: Path | None = None, on_step: OnStep | None = None, on_epoch: OnEpoch | None = None,
) -> DpoResult:  # fmt: skip
    """Train the peft folder `adapter` on from the pairs, and write `out` where held-out pairs say that it helped; else nothing is written.

    Raises TrainError where a loss is not finite, and Stopped where `on_step` does, after a checkpoint. `on_epoch` may keep the adapter
    as it is when an epoch ends, whether it helped or not.
    """
    from transformers import set_seed

    set_seed(settings.seed)
    kept_at, steps = out.parent / "preference", settings.steps(len(pairs.train))
    checkpoint = checkpoints.opened(kept_at, _key(base, adapter, pairs, settings))
    with quiet():
        from distill.student.tuning.pair_trainer import PairTrainer, dataset

        model = _with_adapter(base, adapter, settings)
        trainer = PairTrainer(
            model=model, args=_arguments(kept_at, settings, steps), train_dataset=dataset(pairs.train),
            processing_class=load.tokeniser(base, template),
        )  # fmt: skip
        for config in model.peft_config.values():  # else a checkpoint would ask the hub for the base by its bare name
            config.base_model_name_or_path = str(base)
        look = _Look(on_step, kept_at, on_epoch=on_epoch, save=partial(save_adapter, model))
        held_out = pairs.held_out[:LOOKED_AT]
        trainer.add_callback(_callback(look, trainer, held_out))
        try:
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        except TrainError:
            shutil.rmtree(kept_at, ignore_errors=True)  # what went wrong would go on from there
            raise
        finally:
            trainer.close()
        if look.stopped is not None:
            raise look.stopped
        if not look.looked_at(trainer.state.global_step):  # it was killed between its last checkpoint and the look
            look.epoch_ended(trainer.state.global_step, trainer.margins(held_out), partial(_weights, model))
    return _finished(model, look, out)


def _finished(model: PeftModel, look: _Look, out: Path) -> DpoResult:
    """The best epoch put where it belongs, if it helped; what a training that goes on would need is taken away last."""
    mean, margins, weights = look.best
    if mean > 0:
        save_adapter(model, weights, out)
    shutil.rmtree(look.kept, ignore_errors=True)
    right = sum(margin > 0 for margin in margins)
    return DpoResult(mean > 0, mean, proportion(right, len(margins)), look.curve)


def _key(base: Path, adapter: Path, pairs: TokenPairs, settings: DpoSettings) -> str:
    """Equal for trainings that are the same: base, adapter of the rows, pairs and settings."""
    told = [dict(as_columns(part)) for part in (pairs.train, pairs.held_out)]
    return content_id(fingerprint(base), file_hash(adapter / "adapter_model.safetensors"), told, asdict(settings))


def _weights(model: PeftModel) -> Mapping[str, Tensor]:
    from peft import get_peft_model_state_dict

    # No look for new embeddings: it would ask the hub for the base.
    found: Mapping[str, Tensor] = get_peft_model_state_dict(model, adapter_name="default", save_embedding_layers=False)
    return found


def _with_adapter(base: Path, adapter: Path, settings: DpoSettings) -> PeftModel:
    from peft import PeftModel, prepare_model_for_kbit_training

    model = load.model(base, bits=settings.bits)
    if settings.bits is not None:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=settings.recompute)
    return without_cards(PeftModel.from_pretrained(model, adapter, is_trainable=True))


def _arguments(folder: Path, settings: DpoSettings, steps: int) -> DPOConfig:
    from trl import DPOConfig

    return DPOConfig(
        **trl_arguments(folder, settings, steps),
        beta=settings.beta,
        bf16=False,  # the weights' own dtype decides
        # Of a single epoch the reference is computed once for each pair either way.
        precompute_ref_log_probs=settings.epochs > 1,
        eval_strategy="no",
        save_total_limit=2,
        report_to="none",
    )


def _callback(look: _Look, trainer: DPOTrainer, held_out: Sequence[TokenPair]) -> Any:
    from transformers import TrainerCallback

    class Looked(TrainerCallback):  # type: ignore[misc]  # transformers is not followed, so its class is Any
        def on_train_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            look.begins(state.global_step)

        def on_log(self, _args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if "loss" in (logs or {}):
                look.logged(state.global_step, logs)
            if look.stopped is not None:
                control.should_save = control.should_training_stop = True

        def on_save(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
            look.keep_curve()

        def on_epoch_end(self, _args: Any, state: Any, _control: Any, **kwargs: Any) -> None:
            if look.stopped is None:
                look.epoch_ended(state.global_step, trainer.margins(held_out), partial(_weights, kwargs["model"]))

    return Looked()
