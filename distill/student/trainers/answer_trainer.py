"""TRL's trainer, with its loss over answer tokens. TRL takes seconds to import: this module is imported where a training begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel
from trl import SFTTrainer

from distill.base_model.tokenise import IGNORED
from distill.student.processes import group as processes
from distill.student.trainers.answer_loss import AnswerStates
from distill.student.trainers.batches import by_length, unwanted
from distill.student.trainers.row_threads import RowThreads

if TYPE_CHECKING:
    from datasets import Dataset
    from peft import PeftModel
    from torch import Tensor
    from torch.nn import Module
    from torch.utils.data import Sampler
    from transformers import PreTrainedModel
    from trl import SFTConfig


class AnswerTrainer(SFTTrainer):  # type: ignore[misc]  # TRL is not followed, so its class is Any
    """Scores answer tokens only. TRL projects every prompt token on the vocabulary too where there is no
    Triton: twice the time of a step on a CPU (measured)."""

    _states: AnswerStates | None = None
    _rows: RowThreads | None = None
    _send_telemetry = create_model_card = unwanted

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler[int]:
        rows = self.train_dataset if train_dataset is None else train_dataset
        return _sampler(rows, self.args, lambda: int(self.state.epoch or 0))

    def training_step(
        self,
        model: PeftModel | PreTrainedModel,
        inputs: Mapping[str, Tensor],
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """A step over the batch; on a CPU its rows are computed apart, and their gradients added up."""
        threads, parts = self._parts(inputs)
        if len(parts) == 1:
            found: Tensor = super().training_step(model, inputs, num_items_in_batch=num_items_in_batch)
            return found
        model.train()
        scores: list[AnswerScores] = []
        items = num_items_in_batch
        if items is None:
            items = _scored(inputs).sum() * self.current_gradient_accumulation_steps

        def loss(part: Mapping[str, Tensor]) -> Tensor:
            score = self._score(model, part)
            scores.append(score)
            return score.loss / items

        total = threads.learn(loss, parts)
        self._note_accuracy(scores)
        return total

    def compute_loss(
        self,
        model: PeftModel | PreTrainedModel,
        inputs: Mapping[str, Tensor],
        return_outputs: bool = False,  # noqa: ARG002  # the trainer passes it by name
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        threads, parts = self._parts(inputs)
        if torch.is_grad_enabled() or len(parts) == 1:
            scores = [self._score(model, inputs)]
        else:
            scores = list(threads.map(torch.no_grad()(partial(self._score, model)), parts))
        self._note_accuracy(scores)
        total = torch.stack([score.loss for score in scores]).sum()
        if num_items_in_batch is None:
            return total / sum(score.places for score in scores)
        # They are those of all processes, and the gradients of these are averaged.
        return total * self.accelerator.num_processes / num_items_in_batch

    def _parts(self, inputs: Mapping[str, Tensor]) -> tuple[RowThreads, list[dict[str, Tensor]]]:
        """The batch by parts of its rows, each only as long as its longest row; what is learnt of the model is found out at the first."""
        if self._rows is None:
            self._rows = RowThreads(self.model)
        parts = [_part(inputs, rows) for rows in self._rows.parts(inputs["input_ids"])]
        if self._states is None:
            found_out = partial(AnswerStates, _causal_lm(self.model), _first_adapted(self.model))
            with self.accelerator.autocast():
                self._states = found_out(inputs) if len(parts) == 1 else next(self._rows.map(found_out, [inputs]))
        return self._rows, parts

    def _score(self, model: PeftModel | PreTrainedModel, inputs: Mapping[str, Tensor]) -> AnswerScores:
        states = self._states
        if states is None:
            raise ValueError("a batch is divided before it is scored")
        scored = _scored(inputs)
        wanted = inputs["labels"][:, 1:][scored]
        with self.accelerator.autocast():  # on a GPU a whole model computes in bf16 over fp32 weights
            logits = _through(model, states.logits, inputs, scored).float()
        right = int((logits.argmax(-1) == wanted).sum())
        return AnswerScores(cross_entropy(logits, wanted, reduction="sum"), len(wanted), right)

    def _note_accuracy(self, scores: Sequence[AnswerScores]) -> None:
        """The share of tokens that were the likeliest ones, where TRL's own loss notes it; it is logged with the loss."""
        places = sum(score.places for score in scores)
        share = sum(score.right for score in scores) / places if places else 0.0
        self._metrics["train" if self.model.training else "eval"]["mean_token_accuracy"].append(share)

    def close(self) -> None:
        """End its threads."""
        if self._rows is not None:
            self._rows.close()

    def later_share(self) -> float:
        """What an epoch after the first takes of it, about."""
        return self._states.later_share if self._states is not None else 1.0


@dataclass(frozen=True, slots=True)
class AnswerScores:
    """The loss summed over the scored places of some rows, how many these are, and at how many the wanted token was the likeliest."""

    loss: Tensor
    places: int
    right: int


def _scored(inputs: Mapping[str, Tensor]) -> Tensor:
    """(rows, tokens - 1): the places before tokens of an answer."""
    return inputs["labels"][:, 1:] != IGNORED


def _part(inputs: Mapping[str, Tensor], rows: Sequence[int]) -> dict[str, Tensor]:
    """Some rows of a batch that is padded on the right, with no more padding than they need."""
    longest = int(inputs["attention_mask"][rows].sum(1).max())
    return {name: column[rows, :longest] for name, column in inputs.items()}


def _through(model: Module, logits: Callable[..., Tensor], inputs: Mapping[str, Tensor], scored: Tensor) -> Tensor:
    """The logits, by way of the wrapper that adds up the gradients of several processes where there is one: it looks at what goes through
    it as a call.
    """
    if not isinstance(model, DistributedDataParallel):
        return logits(inputs, scored)
    inner = model.module
    own = inner.__dict__.get("forward")
    inner.forward = logits
    try:
        found: Tensor = model(inputs, scored)
    finally:
        if own is None:
            del inner.forward
        else:
            inner.forward = own
    return found


def _sampler(rows: Dataset, arguments: SFTConfig, epoch: Callable[[], int]) -> Sampler[int]:
    per_step = arguments.train_batch_size * arguments.gradient_accumulation_steps * processes.count()
    return by_length([len(ids) for ids in rows["input_ids"]], per_step, arguments.seed, epoch)


def _causal_lm(model: PeftModel | PreTrainedModel) -> PreTrainedModel:
    """The language model itself, with the adapter's maps in it where there is one."""
    found: PreTrainedModel = model.get_base_model() if hasattr(model, "peft_config") else model
    return found


def _first_adapted(model: PeftModel | PreTrainedModel) -> int:
    """Layers below the first that learns."""
    config = model.peft_config["default"] if hasattr(model, "peft_config") else None
    return int(min(config.layers_to_transform or [0])) if config is not None else 0
