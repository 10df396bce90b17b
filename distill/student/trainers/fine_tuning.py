"""Training on this machine: chat rows in, the adapter (or with `full` the whole model) with the lowest validation loss out.

    train.jsonl   {"messages": [{"role": "system", ...}, {"role": "user", ...}, {"role": "assistant", ...}]}
    →  OUT/adapter/    a peft adapter, or OUT/model/    OUT/loss.json    one object a log line (`TrainStep`)

The loss is taken over the answer and the end token of the chat template, never over the prompt. Rows are
tokenised here, as the server will tokenise them, so nothing is cut and nothing is masked in silence: a row
above `max_tokens`, or a loss that is zero or not finite, is a `TrainError`. The same rows, settings, machine and number of threads give the same adapter.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from distill.atomic_write import write_atomic
from distill.base_model import load
from distill.base_model.local import fingerprint
from distill.base_model.quiet import quiet
from distill.base_model.tokenise import TokenRow, TrainError, read_rows
from distill.records import content_id
from distill.rundir import file_hash
from distill.student.processes import group as processes
from distill.student.trainers import full
from distill.student.trainers.adapter_weights import save_adapter, with_adapter
from distill.student.trainers.batches import trl_arguments
from distill.student.trainers.progress import checkpoints
from distill.student.trainers.progress.loss_curve import OnEpoch, OnStep, TrainStep
from distill.student.trainers.progress.time_left import TimeLeft
from distill.student.trainers.progress.watched import Watch, callback, following

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase
    from trl import SFTConfig, SFTTrainer

VALID_ROWS = 32
"""Rows of the validation file that are read at the end of an epoch; more would cost as much as training."""


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What training gave, in the folder `tuned`. `valid_loss` is of what was kept; `tokens` were read over all epochs, padding excluded."""

    tuned: Path
    best_step: int
    valid_loss: float
    steps: tuple[TrainStep, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class TuningSettings:
    """How it is trained: the top `layers` decoder layers (None: all), rows of at most `max_tokens`."""

    epochs: float = 2
    batch_size: int = 8
    learning_rate: float = 2e-3
    rank: int = 16
    alpha: int = 32
    layers: int | None = 15
    max_tokens: int = 2048
    seed: int = 0
    dropout: float = 0.0
    schedule: str = "cosine"
    warmup: float = 0.05
    accumulate: int = 1
    recompute: bool = False
    """Activations are computed again on the way back (gradient checkpointing): slower, in a fraction of the memory."""
    bits: int | None = None
    """Of the base's weights, where it is loaded quantised (QLoRA)."""
    patience: int | None = None
    """Epochs without a lower validation loss that end the training."""
    full: bool = False
    """All weights are tuned; rank, alpha, layers, dropout and bits say nothing then."""
    begin: str = ""
    """An adapter_model.safetensors whose weights the new adapter begins with."""

    def steps(self, rows: int) -> int:
        """Of the optimiser, over so many rows."""
        return math.ceil(self.epochs * math.ceil(rows / (self.batch_size * self.accumulate)))


@dataclass(frozen=True, slots=True)
class TuningFiles:
    """What a training reads, and the folder that it writes: a base, chat rows to train on and to look at."""

    base: Path
    train: Path
    valid: Path
    out: Path
    template: Path | None = None


def train(
    files: TuningFiles, settings: TuningSettings, *, track: str | None = None, on_step: OnStep | None = None, on_epoch: OnEpoch | None = None
) -> TrainResult:  # fmt: skip
    """Tune the base on the chat rows of `train`.

    `valid` is read at the end of each epoch, at most 32 rows of it; the epoch with its lowest loss is kept. An adapter already
    in `out` is replaced only by a whole new one. A training that was killed goes on from its last checkpoint. Raises `TrainError` (see
    above), and Stopped where `on_step` does, after a checkpoint. `on_epoch` may keep the adapter as it is when an epoch ends. Of
    several processes the first calls this, the others `follow`.
    """
    processes.share_of(settings.batch_size, settings.accumulate)
    with processes.while_all_live():
        processes.announce({"files": asdict(files), "settings": asdict(settings)})
        watch, model = _trained(files, settings, track, on_step, on_epoch)
    if watch.stopped is not None:
        raise watch.stopped
    return _finished(model, watch, files.out)


def follow() -> None:
    """Train along whatever the first process trains, until it ends; nothing is written, and its faults are its own to tell."""
    for given in processes.announced():
        files = TuningFiles(**{name: Path(path) for name, path in given["files"].items() if path})
        with processes.undisturbed():
            _trained(files, TuningSettings(**given["settings"]))


def _trained(
    files: TuningFiles,
    settings: TuningSettings,
    track: str | None = None,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
) -> tuple[Watch, PeftModel | PreTrainedModel]:
    from transformers import set_seed

    base, kept = files.base, files.out / "checkpoints"
    set_seed(settings.seed)
    tokenizer, paths = load.tokeniser(base, files.template), (files.train, files.valid)
    rows, held_out = (_rows(path, tokenizer, settings.max_tokens) for path in paths)
    held_out = held_out[:VALID_ROWS]
    per_epoch, read = (sum(len(row.input_ids) for row in part) for part in (rows, held_out))
    checkpoint = checkpoints.opened(kept, _key(base, paths, settings, tokenizer)) if processes.first() else None
    begins = processes.told(str(checkpoint or ""))
    with quiet():
        model = full.loaded(base) if settings.full else with_adapter(base, settings)
        trainer = _trainer(model, tokenizer, rows, held_out, arguments=_arguments(kept, settings, len(rows), track))
        watch = Watch(
            on_step=on_step, on_epoch=on_epoch, save=partial(save_adapter, model), kept=kept, left=TimeLeft(per_epoch=per_epoch, valid=read, epochs=settings.epochs),
            later=trainer.later_share, patience=settings.patience,
            whole=full.keeper(model, tokenizer, base) if settings.full else None,
        )  # fmt: skip
        trainer.add_callback(callback(watch) if processes.first() else following())
        _to_the_end(trainer, watch, begins)
    return watch, model


def _to_the_end(trainer: SFTTrainer, watch: Watch, begins: str) -> None:
    """Train, from a checkpoint on where one is named, and look at the held-out rows once more where the last look was before the last step."""
    try:
        trainer.train(resume_from_checkpoint=begins or None)
        if processes.agreed(watch.owes_a_look(trainer.state.global_step)):
            trainer.evaluate()
    except TrainError:
        if processes.first():
            shutil.rmtree(watch.kept, ignore_errors=True)  # what went wrong would go on from there
        raise
    finally:
        trainer.close()
    processes.wait_for_all()


def _finished(model: PeftModel | PreTrainedModel, watch: Watch, out: Path) -> TrainResult:
    """The best epoch put where it belongs; the checkpoints are taken away last."""
    best, curve = watch.best, [asdict(step) for step in watch.steps]
    write_atomic(out / "loss.json", (json.dumps(curve, indent=1) + "\n").encode())
    if watch.whole is not None:
        tuned = full.moved(watch.kept / checkpoints.WHOLE, out / "model")
    else:
        tuned = save_adapter(model, best.weights, out / "adapter")
    shutil.rmtree(watch.kept, ignore_errors=True)
    return TrainResult(tuned, best.step, best.loss, tuple(watch.steps), watch.steps[-1].tokens)


def _key(base: Path, files: Sequence[Path], settings: TuningSettings, tokenizer: PreTrainedTokenizerBase) -> str:
    """Equal for trainings that are the same: base, rows, settings and template."""
    rows, begun = [file_hash(file) for file in files], file_hash(Path(settings.begin)) if settings.begin else ""
    return content_id(fingerprint(base), rows, asdict(settings) | {"begin": begun}, tokenizer.chat_template)


def _rows(path: Path, tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> list[TokenRow]:
    if rows := read_rows(path, tokenizer, max_tokens=max_tokens):
        return rows
    raise TrainError(f"{path} holds no rows; training needs rows to learn and to check on")


def _trainer(
    model: PeftModel | PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[TokenRow],
    held_out: Sequence[TokenRow],
    *,
    arguments: SFTConfig,
) -> SFTTrainer:
    """TRL's SFTTrainer over rows that are tokens already, so that it neither cuts, masks nor prints."""
    from datasets import Dataset
    from transformers.trainer_callback import PrinterCallback

    from distill.student.trainers.answer_trainer import AnswerTrainer

    trainer = AnswerTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list([asdict(row) for row in rows]),
        eval_dataset=Dataset.from_list([asdict(row) for row in held_out]),
        processing_class=tokenizer,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _arguments(kept: Path, settings: TuningSettings, rows: int, track: str | None) -> SFTConfig:
    from torch.cuda import is_available as on_gpu
    from trl import SFTConfig

    return SFTConfig(
        **trl_arguments(kept, settings, settings.steps(rows)),
        bf16=settings.full and on_gpu() and load.native_dtype().itemsize == 2,  # else the weights' own dtype decides
        dataset_kwargs={"skip_prepare_dataset": True},
        lr_scheduler_type=settings.schedule,
        warmup_steps=settings.warmup,
        include_num_input_tokens_seen="non_padding",
        eval_strategy="epoch",
        save_total_limit=1 if settings.full else 2,  # three times the model each
        report_to=track if track and processes.first() else "none",
    )
