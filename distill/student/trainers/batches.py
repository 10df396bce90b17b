"""Which rows make a batch: those of like length, in an order that depends on the seed and the epoch alone.

The trainer's own sampler draws from the process's random numbers, so a training that goes on in the middle of an epoch would meet other
batches than it left: some rows twice, some not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.utils.data import Sampler


def by_length(lengths: Sequence[int], batch_size: int, seed: int) -> Sampler[int]:
    """Rows grouped by length; told of each epoch by `set_epoch`."""
    import torch
    from torch.utils.data import Sampler
    from transformers.trainer_pt_utils import get_length_grouped_indices

    class ByLength(Sampler):  # type: ignore[misc]  # torch is not followed, so its class is Any
        def __init__(self) -> None:
            self._epoch = 0

        def set_epoch(self, epoch: int) -> None:
            self._epoch = epoch

        def __len__(self) -> int:
            return len(lengths)

        def __iter__(self) -> Iterator[int]:
            generator = torch.Generator().manual_seed(seed * 1_000_003 + self._epoch)
            return iter(get_length_grouped_indices(list(lengths), batch_size, generator=generator))

    return ByLength()
