"""The loss of a training: over the tokens of answers, which alone are projected on the vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from distill.base_model.tokenise import IGNORED
from distill.student.trainers import processes
from distill.student.trainers.batches import by_length, unwanted
from distill.student.trainers.frozen_layers import FrozenLayers

if TYPE_CHECKING:
    from datasets import Dataset
    from peft import PeftModel
    from torch import Tensor
    from torch.nn import Module
    from torch.utils.data import Sampler
    from transformers import PreTrainedModel
    from trl import SFTConfig, SFTTrainer


def scoring_answers() -> type[SFTTrainer]:
    """TRL's trainer, with its loss over answer tokens."""
    from torch.nn.functional import cross_entropy
    from trl import SFTTrainer

    class AnswerTrainer(SFTTrainer):  # type: ignore[misc]  # TRL is not followed, so its class is Any
        """Scores answer tokens only. TRL projects every prompt token on the vocabulary too where there is no
        Triton: twice the time of a step on a CPU (measured)."""

        _states: AnswerStates | None = None
        _send_telemetry = create_model_card = unwanted

        def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler[int]:
            rows = self.train_dataset if train_dataset is None else train_dataset
            return _sampler(rows, self.args, lambda: int(self.state.epoch or 0))

        def compute_loss(
            self,
            model: PeftModel | PreTrainedModel,
            inputs: Mapping[str, Tensor],
            return_outputs: bool = False,  # noqa: ARG002  # the trainer passes it by name
            num_items_in_batch: Tensor | int | None = None,
        ) -> Tensor:
            targets = inputs["labels"][:, 1:]
            scored = targets != IGNORED
            with self.accelerator.autocast():  # on a GPU a whole model computes in bf16 over fp32 weights
                if self._states is None:
                    self._states = AnswerStates(_causal_lm(self.model), _first_adapted(self.model), inputs)
                logits = _through(model, self._states.logits, inputs, scored).float()
            self._note_accuracy(logits, targets[scored])
            total = cross_entropy(logits, targets[scored], reduction="sum")
            if num_items_in_batch is None:
                return total / scored.sum()
            # They are those of all processes, and the gradients of these are averaged.
            return total * self.accelerator.num_processes / num_items_in_batch

        def _note_accuracy(self, logits: Tensor, wanted: Tensor) -> None:
            """The share of tokens that were the likeliest ones, where TRL's own loss notes it; it is logged with the loss."""
            share = (logits.argmax(-1) == wanted).float().mean().item() if len(wanted) else 0.0
            self._metrics["train" if self.model.training else "eval"]["mean_token_accuracy"].append(share)

        def later_share(self) -> float:
            """What an epoch after the first takes of it, about."""
            return self._states.later_share if self._states is not None else 1.0

    return AnswerTrainer


def _through(model: Module, logits: Callable[..., Tensor], inputs: Mapping[str, Tensor], scored: Tensor) -> Tensor:
    """The logits, by way of the wrapper that adds up the gradients of several processes where there is one: it looks at what goes through
    it as a call.
    """
    from torch.nn.parallel import DistributedDataParallel

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


class AnswerStates:
    """The logits of scored places, by the shortest way that gives what the model itself gives on two rows of the first batch."""

    def __init__(self, lm: PreTrainedModel, first_adapted: int, inputs: Mapping[str, Tensor]) -> None:
        self._lm = lm
        self._decoder: Module = lm.base_model
        self._plain_head = _same_head(lm, inputs)
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        halves = None
        if self._plain_head and first_adapted and hasattr(self._decoder, "layers"):
            halves = FrozenLayers(self._decoder, first_adapted)
        ends = mask.sum(dim=1).argsort()[[0, -1]]  # the row with the most padding, and one with the least
        self._frozen = halves if halves and halves.same(ids[ends], mask[ends]) else None

    @property
    def later_share(self) -> float:
        """What an epoch after the first takes of it, about."""
        return self._frozen.later_share if self._frozen is not None else 1.0

    def logits(self, inputs: Mapping[str, Tensor], scored: Tensor) -> Tensor:
        """(scored places, vocabulary); `scored` is (rows, tokens - 1), the place before each token that is to be written."""
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        if not self._plain_head:
            found: Tensor = self._lm(input_ids=ids, attention_mask=mask, use_cache=False).logits
            return found[:, :-1][scored]
        if self._frozen is not None:
            states = self._frozen.states(ids, mask)
        else:
            states = self._decoder(input_ids=ids, attention_mask=mask, use_cache=False)[0]
        head: Tensor = self._lm.get_output_embeddings()(states[:, :-1][scored])
        return head


def _causal_lm(model: PeftModel | PreTrainedModel) -> PreTrainedModel:
    """The language model itself, with the adapter's maps in it where there is one."""
    found: PreTrainedModel = model.get_base_model() if hasattr(model, "peft_config") else model
    return found


def _first_adapted(model: PeftModel | PreTrainedModel) -> int:
    """Layers below the first that learns."""
    config = model.peft_config["default"] if hasattr(model, "peft_config") else None
    return int(min(config.layers_to_transform or [0])) if config is not None else 0


def _same_head(lm: PreTrainedModel, inputs: Mapping[str, Tensor]) -> bool:
    """Whether logits are the head over the last states and nothing more: some models scale or cap them."""
    import torch

    row = {name: inputs[name][:1] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        whole = lm(**row, use_cache=False).logits.float()
        plain = lm.get_output_embeddings()(lm.base_model(**row, use_cache=False)[0]).float()
    return bool(torch.allclose(whole, plain, rtol=1e-3, atol=1e-3))
