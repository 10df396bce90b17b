"""A training by several processes that one launcher started: the first does all that a run does, the others train what it trains.

    distill train TASK --processes 2                     # our own launcher (`launch`)
    torchrun --nproc-per-node 2 -m distill train TASK
    accelerate launch --multi_gpu --num_processes 2 -m distill train TASK

The others open no run, no store and no lock, and write nothing; they are told each training as it begins, and end when the first one does.
What one process is told, all are told in the same order, so none waits for a word that never comes.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from distill.errors import DistillError, UsageError
from distill.records import Json
from distill.student.processes.shares import Share, share

_PATIENCE = timedelta(days=30)
"""What the others wait for the first one: it may ask a teacher for days before it trains."""
_NAMED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What a launcher sets."""
LAUNCHED = "DISTILL_LAUNCHED"
"""Set by our own launcher: the file in which it says which process died."""
_SHARDED = {
    "ACCELERATE_USE_FSDP": "FSDP", "ACCELERATE_USE_DEEPSPEED": "DeepSpeed", "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
    "ACCELERATE_USE_PARALLELISM_CONFIG": "a parallelism config",
}  # fmt: skip
_OTHERWISE = ("ACCELERATE_MIXED_PRECISION", "ACCELERATE_DYNAMO_BACKEND")
"""What accelerate's configuration would change of a training: precision and compilation are the spec's and the base's here."""
_SAYS_WHO_S = 3.0
"""Seconds in which our launcher notices a process that died."""


def count() -> int:
    """Processes of the launch; 1 where nothing launched this one."""
    return int(os.environ["WORLD_SIZE"]) if all(os.environ.get(name) for name in _NAMED) else 1


def first() -> bool:
    """Whether this process does the run's work: the only one, or the first of several."""
    return count() == 1 or os.environ["RANK"] == "0"


def share_of(batch_size: int, accumulate: int = 1) -> Share:
    """What each process does of a step; UsageError where it cannot be divided."""
    return share(batch_size, accumulate, count())


def check_launch() -> None:
    """UsageError where a launcher asks for what this trainer does not do; what it sets beside the processes is put aside."""
    for name, what in _SHARDED.items():
        if os.environ.get(name, "").lower() in ("1", "true"):
            raise UsageError(
                f"accelerate is configured for {what}, which divides a base among GPUs; here each process holds all of it. Take a "
                "configuration with distributed_type: MULTI_GPU, or train elsewhere with the files of `distill export --config axolotl`"
            )
    for name in _OTHERWISE:
        os.environ.pop(name, None)


@contextmanager
def while_all_live() -> Iterator[None]:
    """DistillError in place of what torch raises where another process of the training is gone."""
    try:
        yield
    except RuntimeError as fault:
        if count() == 1 or not _peer_gone(fault):
            raise
        raise DistillError(f"{_who_died()}; the same command goes on from the last checkpoint") from None


def _peer_gone(fault: RuntimeError) -> bool:
    from torch import distributed

    said = str(fault).lower()
    return isinstance(fault, distributed.DistError) or any(
        word in said for word in ("gloo", "nccl", "connection closed by peer", "connection reset by peer")
    )


def _who_died() -> str:
    """In words; our own launcher knows who and why."""
    told = os.environ.get(LAUNCHED, "")
    until = time.monotonic() + (_SAYS_WHO_S if told else 0)
    while told and time.monotonic() < until:
        if said := Path(told).read_text(encoding="utf-8"):
            return said
        time.sleep(0.05)
    return f"another of the {count()} processes of this training ended, so it cannot go on"


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
