"""What a training by TRL is given, and which rows make a batch: those of like length, in an order that depends on the seed and the epoch alone.

The trainer's own sampler draws from the process's random numbers, so a training that goes on in the middle of an epoch would meet other
batches than it left: some rows twice, some not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from distill.student.processes import group as processes
from distill.student.trainers.progress import checkpoints

if TYPE_CHECKING:
    from torch.utils.data import Sampler


_GROUP = 50
"""Batches that are drawn together and sorted by length, at the most; of a small dataset a half, so that two epochs differ and few places are
padding (of 96 rows of 45 to 130 tokens 6 % and not 12 %).
"""


class TrainingBatches(Protocol):
    """What trainings have in common, whatever their loss."""

    @property
    def epochs(self) -> float: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def accumulate(self) -> int: ...
    @property
    def recompute(self) -> bool: ...
    @property
    def seed(self) -> int: ...


def unwanted(*_: object, **__: object) -> None:
    """In place of what TRL does beside a training: it would tell its makers of it, and write a card into each checkpoint."""


def trl_arguments(kept: Path, settings: TrainingBatches, steps: int) -> dict[str, Any]:
    """What every training by TRL here is given: rows whole, checkpoints spread over its steps into `kept`, a line a step, no bar."""
    from torch.cuda import is_available as on_gpu

    share = processes.share_of(settings.batch_size, settings.accumulate)
    return {
        "output_dir": str(kept), "num_train_epochs": settings.epochs, "learning_rate": settings.learning_rate, "seed": settings.seed,
        "per_device_train_batch_size": share.rows, "per_device_eval_batch_size": settings.batch_size,
        "gradient_accumulation_steps": share.times, "gradient_checkpointing": settings.recompute,
        "use_cpu": not on_gpu(), "dataloader_pin_memory": on_gpu(), "max_length": None, "logging_steps": 1,
        "logging_nan_inf_filter": False,  # it replaces a NaN loss by the last good one
        "save_strategy": "steps", "save_steps": max(1, steps // checkpoints.SAVES), "disable_tqdm": True,
    }  # fmt: skip


def by_length(
    lengths: Sequence[int], batch_size: int, seed: int, epoch: Callable[[], int] | None = None
) -> Sampler[int]:
    """Rows grouped by length; told of each epoch by `set_epoch`, or asks for it as it begins: what divides batches among processes does not pass
    `set_epoch` on where a training goes on from a checkpoint.
    """
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
            now = self._epoch if epoch is None else epoch()
            generator = torch.Generator().manual_seed(seed * 1_000_003 + now)
            groups = min(-(-len(lengths) // (2 * batch_size)), _GROUP)
            return iter(get_length_grouped_indices(list(lengths), batch_size, groups, generator=generator))

    return ByLength()
