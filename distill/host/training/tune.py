"""A job's training itself, in its own process: rows or pairs that were found good in, an adapter for each epoch out.

The last epoch's adapter is the job's model, as at the public API. A training that was killed goes on from its last checkpoint; one whose
last epoch is kept already has nothing left to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from distill.atomic_write import write_atomic, write_json
from distill.host.training import hyperparameters, order
from distill.host.training.base import weights_of
from distill.host.training.order import CheckedRows, Order
from distill.host.training.progress import ProgressWriter
from distill.host.training.steps_left import StepsLeft
from distill.records import Json
from distill.teacher.endpoint.stopping import Stopped

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from distill.student.trainers.fine_tuning import TuningSettings
    from distill.student.trainers.progress.loss_curve import TrainStep
    from distill.student.tuning.pairs import TokenPair

_LOOKED_AT = 8
"""Training rows that the trainer looks at when an epoch ends and no validation file was given."""
_FEW = 32
"""Validation rows up to which all of them are read when an epoch ends."""


@dataclass(slots=True)
class Tuning:
    """One training: what was ordered, where it writes, and whether it is to stop."""

    folder: Path
    order: Order
    checked: CheckedRows
    say: ProgressWriter
    stops: Callable[[], bool]

    def step(self, step: int, left_s: float | None, **measured: Json) -> None:
        """A step is done; Stopped where the process is to end."""
        self.say.line(step={"step": step, "total_steps": self.checked.steps, **measured}, left_s=left_s)
        if self.stops():
            raise Stopped(f"stopped at step {step}")

    def epoch(self, step: int, save: Callable[[Path], Path], tokens: int, measured: Mapping[str, Json]) -> None:
        """An epoch has ended: its adapter is kept, the description last."""
        folder = order.kept(self.folder, step)
        (folder / order.MEASURED).unlink(missing_ok=True)
        save(folder)
        told = {"step": step, "total_steps": self.checked.steps, **(measured if self.order.validates else {})}
        write_json(folder / order.MEASURED, {**told, "tokens": tokens})
        self.say.line(epoch=told)


def run(tuning: Tuning) -> None:
    """Train, and say when it is done; Stopped where it was told to."""
    _keep_unseen(tuning)
    found = order.last_kept(tuning.folder)
    if found is None or found[0] < tuning.checked.steps:
        train = _pairs if tuning.order.method == "dpo" else _rows
        train(tuning)
        found = order.last_kept(tuning.folder)
    if found is None:
        raise ValueError("a training that has ended keeps its last epoch")
    tuning.say.line(done={"step": found[0], "tokens": found[1]["tokens"]})


def _keep_unseen(tuning: Tuning) -> None:
    """An epoch whose process died between its last checkpoint and the look at the validation rows: a training that goes on from there does not
    look back, so the checkpoint's adapter is kept, with nothing measured.
    """
    epoch = tuning.checked.steps // int(tuning.checked.hyperparameters["n_epochs"])
    for path in (tuning.folder / "tune").glob("*/checkpoint-*/trainer_state.json"):
        state = json.loads(path.read_bytes())
        step = int(state["global_step"])
        if (
            step % epoch == 0
            and step < tuning.checked.steps
            and not (order.kept(tuning.folder, step) / order.MEASURED).is_file()
        ):
            tuning.epoch(step, partial(_copied, path.parent), int(state["num_input_tokens_seen"]), {})


def _copied(checkpoint: Path, folder: Path) -> Path:
    """The adapter of a trainer's checkpoint; where its base lies on this machine is nobody's business."""
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((checkpoint / "adapter_config.json").read_bytes())
    write_json(
        folder / "adapter_config.json",
        {**config, "base_model_name_or_path": Path(config["base_model_name_or_path"]).name},
    )
    write_atomic(folder / "adapter_model.safetensors", (checkpoint / "adapter_model.safetensors").read_bytes())
    return folder


def _rows(tuning: Tuning) -> None:
    """Supervised: answers of the assistant, by the trainer of `distill train`."""
    from distill.student.trainers import fine_tuning

    base = weights_of(tuning.order.base, Path(tuning.order.cache)).folder()

    def on_step(step: TrainStep, left_s: float | None) -> None:
        if step.train_loss is not None:
            tuning.step(step.step, left_s, train_loss=step.train_loss, train_mean_token_accuracy=step.train_accuracy)

    def on_epoch(step: TrainStep, save: Callable[[Path], Path]) -> None:
        measured = {"valid_loss": step.valid_loss, "valid_mean_token_accuracy": step.valid_accuracy}
        whole = {f"full_{name}": value for name, value in measured.items()} if tuning.checked.valid_rows <= _FEW else {}
        tuning.epoch(step.step, save, step.tokens, {**measured, **whole})

    train, valid = order.rows(tuning.folder, "train"), order.rows(tuning.folder, "valid")
    looked_at = valid if tuning.order.validates else _first(train, valid)
    files = fine_tuning.TuningFiles(base, train, looked_at, tuning.folder / "tune")
    fine_tuning.train(files, _settings(tuning, base), on_step=on_step, on_epoch=on_epoch)


def _first(train: Path, into: Path) -> Path:
    """A few rows of the training file, where the trainer wants some to look at; nothing is reported of them."""
    lines = train.read_bytes().splitlines(keepends=True)[:_LOOKED_AT]
    into.write_bytes(b"".join(lines))
    return into


def _settings(tuning: Tuning, base: Path) -> TuningSettings:
    from distill.base_model import load
    from distill.student.trainers.fine_tuning import TuningSettings

    asked, parent = tuning.checked.hyperparameters, tuning.order.parent
    batch = hyperparameters.micro_batch(asked["batch_size"])
    rate = hyperparameters.rate(
        asked["learning_rate_multiplier"], params=load.params_of(base), method=tuning.order.method
    )
    return TuningSettings(
        epochs=asked["n_epochs"], batch_size=batch, accumulate=asked["batch_size"] // batch, learning_rate=rate,
        max_tokens=tuning.checked.context, seed=tuning.order.seed,
        begin=str(Path(parent) / "adapter_model.safetensors") if parent else "",
    )  # fmt: skip


def _pairs(tuning: Tuning) -> None:
    """DPO: pairs of answers, from the tune that was named or from an adapter that changes nothing, which is the reference too."""
    from distill.base_model import load
    from distill.student.tuning import dpo
    from distill.student.tuning.pairs import TokenPairs

    base = weights_of(tuning.order.base, Path(tuning.order.cache)).folder()
    settings, tokenizer = _settings(tuning, base), load.tokeniser(base)
    train = _token_pairs(order.rows(tuning.folder, "train"), tokenizer)
    held_out = (
        _token_pairs(order.rows(tuning.folder, "valid"), tokenizer) if tuning.order.validates else train[:_LOOKED_AT]
    )
    tokens = int(settings.epochs) * sum(_size(pair) for pair in train)

    left = StepsLeft(tuning.checked.steps)

    def on_step(step: int, loss: float) -> None:
        tuning.step(step, left.after(step), train_loss=loss)

    def on_epoch(line: Mapping[str, Json], save: Callable[[Path], Path]) -> None:
        tuning.epoch(
            line["preference_step"],
            save,
            tokens,
            {"valid_loss": line["valid_loss"], "valid_reward_accuracy": line["valid_accuracy"]},
        )

    dpo.train(
        base=base, adapter=Path(tuning.order.parent) if tuning.order.parent else _fresh(tuning.folder / "start", base, settings),
        pairs=TokenPairs(train, held_out, 0), out=tuning.folder / "tune" / "adapter",
        settings=dpo.DpoSettings(
            beta=tuning.checked.hyperparameters["beta"], epochs=settings.epochs, learning_rate=settings.learning_rate,
            batch_size=settings.batch_size, accumulate=settings.accumulate, seed=settings.seed,
        ),
        on_step=on_step, on_epoch=on_epoch,
    )  # fmt: skip


def _token_pairs(path: Path, tokenizer: PreTrainedTokenizerBase) -> list[TokenPair]:
    from distill.student.formats.row import PreferenceRow, TrainingRow
    from distill.student.tuning.pairs import token_pair

    rows = (json.loads(line) for line in path.read_bytes().splitlines())
    return [
        token_pair(
            PreferenceRow(TrainingRow("", [*row["messages"], row["better"]], row.get("tools") or ()), row["worse"], {}),
            tokenizer,
        )
        for row in rows
    ]


def _size(pair: TokenPair) -> int:
    return 2 * len(pair.prompt_ids) + len(pair.chosen_ids) + len(pair.rejected_ids)


def _fresh(folder: Path, base: Path, settings: TuningSettings) -> Path:
    """An adapter that changes nothing yet; made once, for a training that goes on has to find the same."""
    if (folder / "adapter_model.safetensors").is_file():
        return folder
    from peft import get_peft_model_state_dict
    from transformers import set_seed

    from distill.base_model.quiet import quiet
    from distill.student.trainers.adapter_weights import save_adapter, with_adapter

    set_seed(settings.seed)
    with quiet():
        model = with_adapter(base, settings)
        return save_adapter(model, get_peft_model_state_dict(model), folder)
