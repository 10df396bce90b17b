"""The loss of a training: over the tokens of answers, which alone are projected on the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from distill.student.trainers.frozen_layers import FrozenLayers

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel


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


def _same_head(lm: PreTrainedModel, inputs: Mapping[str, Tensor]) -> bool:
    """Whether logits are the head over the last states and nothing more: some models scale or cap them."""
    import torch

    row = {name: inputs[name][:1] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        whole = lm(**row, use_cache=False).logits.float()
        plain = lm.get_output_embeddings()(lm.base_model(**row, use_cache=False)[0]).float()
    return bool(torch.allclose(whole, plain, rtol=1e-3, atol=1e-3))
