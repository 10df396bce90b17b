"""LoRA on this machine: chat rows in, the adapter with the lowest validation loss out.

    train.jsonl   {"messages": [{"role": "system", ...}, {"role": "user", ...}, {"role": "assistant", ...}]}
    →  OUT/adapter/    a peft adapter        OUT/loss.json    one object a log line (`TrainStep`)

The loss is taken over the answer and the end token of the chat template, never over the prompt. Rows are
tokenised here, as the server will tokenise them, so nothing is cut and nothing is masked in silence: a row
above `max_tokens`, a template that does not end an answer with the tokeniser's EOS, or a loss that is zero or
not finite is a `TrainError`. The same rows, settings and machine give the same adapter.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from distill.atomic_write import write_atomic
from distill.base_model.quiet import quiet
from distill.base_model.tokenise import IGNORED, TokenRow, TrainError, read_rows
from distill.student.trainers.frozen_layers import FrozenLayers
from distill.student.trainers.loss_curve import OnStep, TrainStep, best_epoch
from distill.student.trainers.time_left import TimeLeft

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedTokenizerBase
    from trl import SFTConfig, SFTTrainer

VALID_ROWS = 32
"""Rows of the validation file that are read at the end of an epoch; more would cost as much as training."""

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The linear maps of a decoder layer that get an adapter; `gguf.py` knows their llama.cpp names."""


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What training gave. `valid_loss` is the kept adapter's; `tokens` were read over all epochs, padding excluded."""

    adapter: Path
    best_step: int
    valid_loss: float
    steps: tuple[TrainStep, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class LoraSettings:
    """How the adapter is trained: the top `layers` decoder layers (None: all), rows of at most `max_tokens`."""

    epochs: float = 2
    batch_size: int = 8
    learning_rate: float = 2e-3
    rank: int = 16
    alpha: int = 32
    layers: int | None = 15
    max_tokens: int = 2048
    seed: int = 0


def train(
    *, base: Path, train: Path, valid: Path, out: Path,
    settings: LoraSettings, on_step: OnStep | None = None,
) -> TrainResult:  # fmt: skip
    """Tune `base` on the chat rows of `train`.

    `valid` is read at the end of each epoch, at most 32 rows of it; the epoch with its lowest loss is kept. An adapter already
    in `out` is replaced only by a whole new one. Raises `TrainError`; see the module's docstring.
    """
    from transformers import AutoTokenizer, set_seed

    started = time.monotonic()
    set_seed(settings.seed)
    tokenizer = AutoTokenizer.from_pretrained(base)
    rows, held_out = (_rows(path, tokenizer, settings.max_tokens) for path in (train, valid))
    per_epoch, read = (sum(len(row.input_ids) for row in part) for part in (rows, held_out[:VALID_ROWS]))
    left = TimeLeft(per_epoch=per_epoch, valid=read, epochs=settings.epochs)
    with quiet(), TemporaryDirectory() as scratch:  # where the trainer keeps what we do not want
        model = _with_adapter(base, settings)
        trainer = _trainer(model, tokenizer, rows, held_out[:VALID_ROWS], arguments=_arguments(scratch, settings))
        best = best_epoch(on_step, started=started, left=left, later=partial(_later_share, trainer))
        trainer.add_callback(best)
        trainer.train()
    adapter = _save(model, best.weights, out / "adapter")
    write_atomic(out / "loss.json", (json.dumps([asdict(step) for step in best.steps], indent=1) + "\n").encode())
    return TrainResult(adapter, best.step, best.loss, tuple(best.steps), best.steps[-1].tokens)


def _rows(path: Path, tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> list[TokenRow]:
    rows = read_rows(path, tokenizer, max_tokens=max_tokens)
    if not rows:
        raise TrainError(f"{path} holds no rows; training needs rows to learn and to check on")
    return rows


def _with_adapter(base: Path, settings: LoraSettings) -> PeftModel:
    """The base, frozen, with fresh fp32 LoRA weights on every projection of its top layers."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    # bf16 is emulated, and slower than fp32, on a CPU without the instructions for it.
    native = torch.cuda.is_bf16_supported() if torch.cuda.is_available() else torch.cpu._is_avx512_bf16_supported()
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16 if native else torch.float32)
    depth = model.config.num_hidden_layers
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        target_modules=list(PROJECTIONS),
        layers_to_transform=list(range(depth - min(settings.layers or depth, depth), depth)),
        layers_pattern="layers",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def _trainer(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[TokenRow],
    held_out: Sequence[TokenRow],
    *,
    arguments: SFTConfig,
) -> SFTTrainer:
    """TRL's SFTTrainer over rows that are tokens already, so that it neither cuts, masks nor prints."""
    from datasets import Dataset
    from transformers.trainer_callback import PrinterCallback

    trainer = _scoring_answers()(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list([asdict(row) for row in rows]),
        eval_dataset=Dataset.from_list([asdict(row) for row in held_out]),
        processing_class=tokenizer,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _arguments(scratch: str, settings: LoraSettings) -> SFTConfig:
    from torch.cuda import is_available as on_gpu
    from trl import SFTConfig

    return SFTConfig(
        output_dir=scratch,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=settings.batch_size,
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        seed=settings.seed,
        use_cpu=not on_gpu(),
        dataloader_pin_memory=on_gpu(),
        bf16=False,  # the weights' own dtype decides; autocast would convert them again at each step
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        gradient_checkpointing=False,
        train_sampling_strategy="group_by_length",
        lr_scheduler_type="cosine",
        warmup_steps=0.05,
        logging_steps=1,
        include_num_input_tokens_seen="non_padding",
        logging_nan_inf_filter=False,  # it replaces a NaN loss by the last good one
        eval_strategy="epoch",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def _scoring_answers() -> type[SFTTrainer]:
    """TRL's trainer, with its loss over answer tokens."""
    from torch.nn.functional import cross_entropy
    from trl import SFTTrainer

    class AnswerTrainer(SFTTrainer):  # type: ignore[misc]  # TRL is not followed, so its class is Any
        """Scores answer tokens only. TRL projects every prompt token on the vocabulary too where there is no
        Triton: twice the time of a step on a CPU (measured)."""

        frozen: FrozenLayers | None = None
        _looked = False

        def compute_loss(
            self,
            model: PeftModel,
            inputs: Mapping[str, Tensor],
            return_outputs: bool = False,  # noqa: ARG002  # the trainer passes it by name
            num_items_in_batch: Tensor | int | None = None,
        ) -> Tensor:
            lm = model.get_base_model()
            targets = inputs["labels"][:, 1:]
            scored = targets != IGNORED
            states = self._states(lm.model, inputs["input_ids"], inputs["attention_mask"])
            logits = lm.lm_head(states[:, :-1][scored]).float()
            total = cross_entropy(logits, targets[scored], reduction="sum")
            return total / (scored.sum() if num_items_in_batch is None else num_items_in_batch)

        def _states(self, decoder: Module, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
            """The last states, those below the adapters taken from the epoch before where that gives the same."""
            first = min(self.model.peft_config["default"].layers_to_transform)
            if not self._looked:
                halves = FrozenLayers(decoder, first) if first and hasattr(decoder, "layers") else None
                self.frozen = halves if halves and halves.same(input_ids, attention_mask) else None
                self._looked = True
            if self.frozen is not None:
                return self.frozen.states(input_ids, attention_mask)
            found = decoder(input_ids=input_ids, attention_mask=attention_mask, use_cache=False)
            states: Tensor = found.last_hidden_state
            return states

    return AnswerTrainer


def _later_share(trainer: SFTTrainer) -> float:
    """What an epoch after the first takes of it, about."""
    return trainer.frozen.later_share if trainer.frozen is not None else 1.0


def _save(model: PeftModel, weights: Mapping[str, Tensor], folder: Path) -> Path:
    """The adapter as peft reads it, whole or not at all; NaN weights are refused."""
    from safetensors.torch import save_file

    bad = sorted(name for name, tensor in weights.items() if not tensor.isfinite().all())
    if bad or not weights:
        raise TrainError(f"{len(bad)} of {len(weights)} adapter tensors are not finite, first {bad[:1]}; nothing kept")
    aside = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    save_file(dict(weights), aside / "adapter_model.safetensors")
    config = model.peft_config["default"]
    config.base_model_name_or_path = Path(config.base_model_name_or_path).name  # not where this machine has it
    config.save_pretrained(aside)
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    return folder
