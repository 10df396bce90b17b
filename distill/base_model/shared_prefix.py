"""What all prompts of a batch begin with, read once: the instructions of a task are most of each prompt.

    [instructions][message one]        the keys and values of the instructions, computed for one row
    [instructions][message two]   →    and repeated for each; then each row reads its own message alone

Padding of shorter rows stands between the two, so only a model that goes by the tokens' positions alone is read in this way.
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
_BY_LENGTH = frozenset({"dynamic", "longrope"})
"""Rotary embeddings of another scale for a longer text, as transformers names them."""


def length(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens to read once: 0 where it is not worth it. Each prompt keeps a token of its own, which its answer follows."""
    if len(prompts) < 2:
        return 0
    first, last = min(prompts, key=list), max(prompts, key=list)  # what these two share, all between them share
    most = min(map(len, prompts)) - 1
    found = next((place for place in range(most) if first[place] != last[place]), most)
    return found if found >= _WORTH else 0


def read(model: PreTrainedModel, ids: Sequence[int], rows: int) -> DynamicCache | None:
    """The keys and values of these tokens for so many rows; None for a model that has to read its prompts whole."""
    import torch
    from transformers.cache_utils import DynamicCache

    cache = DynamicCache(config=model.config)
    if not _by_position(model, cache):
        return None
    model.base_model(torch.tensor([list(ids)], device=model.device), past_key_values=cache, use_cache=True)  # no logits
    if cache.get_seq_length() != len(ids):
        return None
    cache.batch_repeat_interleave(rows)
    return cache


def _by_position(model: PreTrainedModel, cache: DynamicCache) -> bool:
    """Whether a token's keys and values depend on the tokens before it and its position alone, and may come from elsewhere.

    Not so with a sliding window, a recurrent state, a bias by distance (MPT), rotations that change with the length of the whole
    (longrope), or a cache of its own that the base's generation_config names.
    """
    from transformers.cache_utils import DynamicLayer

    positioned = "position_ids" in inspect.signature(model.base_model.forward).parameters
    plain = all(type(layer) is DynamicLayer for layer in cache.layers)
    kinds = [getattr(part, "rope_type", None) for part in model.modules()]
    scaled = any(_BY_LENGTH & set(kind.values() if isinstance(kind, dict) else [kind]) for kind in kinds)
    own = getattr(model.generation_config, "cache_implementation", None) is not None
    return positioned and plain and not scaled and not own
