"""A training by several processes that one launcher started: the first does all that a run does, the others train what it trains.

    torchrun --nproc_per_node 2 -m distill train TASK
    accelerate launch --multi_gpu --num_processes 2 -m distill train TASK

The others open no run, no store and no lock, and write nothing; they are told each training as it begins, and end when the first one does.
What one process is told, all are told in the same order, so none waits for a word that never comes.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from distill.errors import UsageError
from distill.records import Json

_PATIENCE = timedelta(days=30)
"""What the others wait for the first one: it may ask a teacher for days before it trains."""
_NAMED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What a launcher sets."""


def count() -> int:
    """Processes of the launch; 1 where nothing launched this one."""
    return int(os.environ["WORLD_SIZE"]) if all(os.environ.get(name) for name in _NAMED) else 1


def first() -> bool:
    """Whether this process does the run's work: the only one, or the first of several."""
    return count() == 1 or os.environ["RANK"] == "0"


def share_of(batch_size: int) -> int:
    """Rows of a batch that one process takes; UsageError where they are no whole number."""
    rows, left = divmod(batch_size, count())
    if left or not rows:
        raise UsageError(
            f"a batch of {batch_size} rows (student.train.batch_size) cannot be divided among {count()} processes; start "
            f"{' or '.join(str(n) for n in range(1, batch_size + 1) if batch_size % n == 0)}, or choose another batch size"
        )
    return rows


def announce(training: Mapping[str, object]) -> None:
    """Tell the others what is trained next; nothing happens where there are none."""
    if count() > 1:
        told(json.dumps(training, default=str))  # paths


def announced() -> Iterator[dict[str, Json]]:
    """What the first process announces, one after the other, until it ends."""
    while given := told(""):
        yield json.loads(given)
    _leave()


@contextmanager
def undisturbed() -> Iterator[None]:
    """A training of one that follows: a signal ends it by way of the first process, which writes a checkpoint before. A process that only waits
    ends at once.
    """
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def release() -> None:
    """The first process trains no more: the others end."""
    if count() > 1:
        told("")
        _leave()


def agreed(flag: bool) -> bool:
    """What the first process says, in all of them."""
    return bool(told("yes" if flag else ""))


def told(text: str) -> str:
    """The first process's text, in all of them."""
    if count() == 1:
        return text
    from torch import distributed

    _join()
    holder: list[str] = [text]
    distributed.broadcast_object_list(holder, src=0, device=_cpu())
    return holder[0]


def wait_for_all() -> None:
    """Until every process has come here."""
    if count() > 1:
        from torch import distributed

        distributed.barrier()


def _join() -> None:
    """Meet the others, once; each computes on the GPU that its launcher gave it."""
    import torch
    from torch import distributed

    if distributed.is_initialized():
        return
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("cpu:gloo,cuda:nccl" if on_gpu else "gloo", timeout=_PATIENCE)


def _leave() -> None:
    """Part from the others, all at once: a process whose peer closes a connection first may be aborted by gloo."""
    from torch import distributed

    distributed.barrier()
    distributed.destroy_process_group()


def _cpu() -> object:
    import torch

    return torch.device("cpu")
