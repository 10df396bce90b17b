"""What all prompts of a batch begin with, read once: the instructions of a task are most of each prompt.

[instructions][message one]        the keys and values of the instructions, computed for one row
[instructions][message two]   →    and repeated for each; then each row reads its own message alone
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from transformers.cache_utils import DynamicCache

_WORTH = 32
"""Tokens in common from which reading them apart is quicker."""


def length(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens to read once: 0 where it is not worth it. Each prompt keeps a token of its own, which its answer follows."""
    if len(prompts) < 2:
        return 0
    first, last = min(prompts, key=list), max(prompts, key=list)  # what these two share, all between them share
    most = min(map(len, prompts)) - 1
    found = next((place for place in range(most) if first[place] != last[place]), most)
    return found if found >= _WORTH else 0


def read(model: PreTrainedModel, ids: Sequence[int], rows: int) -> DynamicCache | None:
    """The keys and values of these tokens for so many rows; None for a model that does not go by the tokens' positions alone.

    A sliding window, a recurrent state, or a bias by distance (MPT) would count the padding that stands between the shared tokens and
    a shorter row's own.
    """
    import torch
    from transformers.cache_utils import DynamicCache, DynamicLayer

    cache = DynamicCache(config=model.config)
    positioned = "position_ids" in inspect.signature(model.base_model.forward).parameters
    if not positioned or any(type(layer) is not DynamicLayer for layer in cache.layers):
        return None
    model.base_model(torch.tensor([list(ids)], device=model.device), past_key_values=cache, use_cache=True)  # no logits
    if cache.get_seq_length() != len(ids):
        return None
    cache.batch_repeat_interleave(rows)
    return cache
