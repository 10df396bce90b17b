"""TRL's DPO trainer over pairs that are tokens already, so that none is rendered in another way, or cut.

TRL takes seconds to import: this module is imported where a training begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset
from transformers.trainer_callback import PrinterCallback
from trl import DPOTrainer

from distill.student.trainers.batches import by_length, unwanted
from distill.student.trainers.row_threads import RowThreads
from distill.student.tuning.pairs import TokenPair, as_columns

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from torch.utils.data import Sampler


def dataset(pairs: Sequence[TokenPair]) -> Dataset:
    return Dataset.from_dict(dict(as_columns(pairs)))


class PairTrainer(DPOTrainer):  # type: ignore[misc]  # TRL is not followed, so its class is Any
    """With the reference in memory, and margins of pairs that are held out."""

    _send_telemetry = create_model_card = unwanted

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.remove_callback(PrinterCallback)
        self._rows = RowThreads(self.model)

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler[int]:
        rows = self.train_dataset if train_dataset is None else train_dataset
        longest = zip(rows["prompt_ids"], rows["chosen_ids"], rows["rejected_ids"], strict=True)
        lengths = [len(prompt) + max(len(better), len(worse)) for prompt, better, worse in longest]
        per_step = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return by_length(lengths, per_step, self.args.seed)

    def training_step(
        self, model: Module, inputs: dict[str, Tensor], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """A step over the batch; on a CPU its pairs are computed apart, and their gradients added up."""
        count = len(inputs["input_ids"]) // 2
        parts = self._rows.parts(inputs["input_ids"][:count])
        if len(parts) == 1:
            found: Tensor = super().training_step(model, inputs, num_items_in_batch=num_items_in_batch)
            return found
        model.train()

        def loss(pairs: list[int]) -> Tensor:
            mean: Tensor = self.compute_loss(model, _part(inputs, pairs, count))
            return mean * len(pairs) / count / self.current_gradient_accumulation_steps

        return self._rows.learn(loss, parts)

    def close(self) -> None:
        """End its threads."""
        self._rows.close()

    def _prepare_dataset(self, rows: Dataset, *_: Any) -> Dataset:
        return rows

    def _batches(self, dataset: Dataset) -> Iterator[dict[str, Tensor]]:
        size = self.args.per_device_eval_batch_size
        for first in range(0, len(dataset), size):
            rows = dataset.select(range(first, min(first + size, len(dataset)))).to_list()
            yield self._prepare_inputs(self.data_collator(rows))

    def _precompute_ref_logps(self, dataset: Dataset, *_: Any) -> Dataset:
        """In memory, and without a bar on a stderr that is the panel's."""
        self.model.eval()
        found = [self.compute_ref_log_probs(self.model, batch) for batch in self._batches(dataset)]
        self.model.train()
        for place, name in enumerate(("ref_chosen_logps", "ref_rejected_logps")):
            dataset = dataset.add_column(name, [value for one in found for value in one[place].float().tolist()])
        return dataset

    def margins(self, pairs: Sequence[TokenPair]) -> list[float]:
        return _margins(self, dataset(pairs))


def _part(inputs: Mapping[str, Tensor], pairs: Sequence[int], count: int) -> dict[str, Tensor]:
    """Some of the `count` pairs of a batch, whose better texts stand before the worse ones."""
    both = [*pairs, *(count + pair for pair in pairs)]
    return {name: column[both if len(column) == 2 * count else list(pairs)] for name, column in inputs.items()}


def _margins(trainer: Any, pairs: Dataset) -> list[float]:
    """The reward margin of each pair by the weights as they are now."""
    found: list[float] = []
    trainer.model.eval()
    for batch in trainer._batches(pairs):
        labels = batch["input_ids"].masked_fill(batch["completion_mask"] == 0, -100)
        given = {name: batch[name] for name in ("input_ids", "attention_mask")}
        with torch.no_grad():
            now = trainer.model(**given, use_cache=False, labels=labels, fused_lm_head=True).log_probs.sum(dim=1)
        before = torch.cat(trainer.compute_ref_log_probs(trainer.model, batch))
        better, worse = (now - before).float().chunk(2)
        found += (trainer.beta * (better - worse)).tolist()
    trainer.model.train()
    return found
