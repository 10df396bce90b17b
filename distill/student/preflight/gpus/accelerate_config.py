"""A configuration of `accelerate launch`, as far as it says how many processes there are and how they share a base."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from distill import extras
from distill.errors import UsageError

_TAKEN = ("NO", "MULTI_GPU", "MULTI_CPU")
"""Kinds in which every process holds the whole base."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What a configuration starts, on all machines together."""

    processes: int
    machines: int

    @property
    def each(self) -> int:
        return self.processes // self.machines


def read(path: Path) -> Launch:
    """By accelerate's own reader; UsageError where it cannot be read, or starts what this trainer does not do."""
    if importlib.util.find_spec("accelerate") is None:
        raise UsageError(f"{path}: accelerate is not installed here, which reads it; {extras.hint('train')}")
    from accelerate.commands.config.config_args import load_config_from_file

    try:
        found = load_config_from_file(str(path))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as fault:
        raise UsageError(
            f"{path}: accelerate cannot read it ({str(fault)[:200]}); `accelerate config --config_file {path}` writes one"
        ) from None
    kind = str(getattr(found.distributed_type, "value", found.distributed_type))
    if kind not in _TAKEN:
        raise UsageError(
            f"{path}: distributed_type is {kind}, which divides a base among GPUs; here each process holds all of it, so expected MULTI_GPU. "
            "For a base that fits no GPU see what `distill preflight --gpus` says"
        )
    processes, machines = int(found.num_processes), int(found.num_machines)
    if machines < 1 or processes < machines or processes % machines:
        raise UsageError(
            f"{path}: num_processes is {processes} on {machines} machines (num_machines); expected the processes of all machines together, "
            "as many on each"
        )
    return Launch(processes, machines)
