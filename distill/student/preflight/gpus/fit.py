"""Whether a training fits GPUs, how its steps are divided among them, and with which settings it would fit. All of it is arithmetic.

Every GPU holds the whole base, the adapter with its gradients and moments, and the activations of its own rows (data parallel). What does
not fit one GPU does not fit any number of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from distill.student.preflight import cost
from distill.student.preflight.cost import Memory, TrainingSettings
from distill.student.preflight.gpus.cards import GIB, Gpus
from distill.student.preflight.shape import Shape
from distill.student.preflight.tokens import RowTokens
from distill.student.processes import shares

_CONTEXT = 1 * GIB
"""Of a GPU's memory, what driver, CUDA context and communication take."""
_PEAK = 0.7
"""What a matrix product reaches of a data sheet's figure, about."""
_BF16 = 2


@dataclass(frozen=True, slots=True)
class GpuFit:
    """A training on `gpus`: of each step's `step_rows` every process reads `rows` at a time, `times` one after the other. `instead` are settings with
    which it fits where it does not; None where none makes it fit.
    """

    gpus: Gpus
    processes: int
    step_rows: int
    rows: int
    times: int
    steps: int
    memory: Memory
    memory_bytes: int
    """All of it, with headroom."""
    fits: bool
    instead: dict[str, bool | int] | None
    seconds_low: float | None
    seconds_high: float | None


def fit(shape: Shape, settings: TrainingSettings, rows: Sequence[RowTokens], gpus: Gpus) -> GpuFit:
    """UsageError where a step cannot be divided among the machines."""
    step = settings.batch_size * settings.accumulate
    processes = _processes(step, gpus)
    share = shares.share(settings.batch_size, settings.accumulate, processes)
    memory = _memory(shape, settings, rows, processes)
    fits, instead = _holds(gpus, memory), None
    if not fits:
        others = (one for one in _others(settings) if _holds(gpus, _memory(shape, one, rows, processes)))
        other = next(others, None)
        instead = None if other is None else _changes(settings, other)
    low, high = _seconds(shape, settings, rows, gpus, processes)
    steps = math.ceil(settings.epochs * math.ceil(sum(row.answers for row in rows) / step))
    return GpuFit(gpus, processes, step, share.rows, share.times, steps, memory, memory.total, fits, instead, low, high)


def _processes(step: int, gpus: Gpus) -> int:
    """As many as a step can be divided among, the same number on each machine."""
    each = next((n for n in range(gpus.each, 0, -1) if step % (n * gpus.machines) == 0), 1)
    return each * gpus.machines


def _memory(shape: Shape, settings: TrainingSettings, rows: Sequence[RowTokens], processes: int) -> Memory:
    share = shares.share(settings.batch_size, settings.accumulate, processes)
    at_once = replace(settings, batch_size=share.rows, accumulate=1)
    return cost.memory_of(shape, at_once, rows, itemsize=_BF16, processes=processes)


def _holds(gpus: Gpus, memory: Memory) -> bool:
    return memory.total + _CONTEXT <= gpus.memory_bytes


def _others(settings: TrainingSettings) -> Iterator[TrainingSettings]:
    """Settings that train the same in less memory, those that cost least time first; then the base in 4 bits, which trains about the same."""
    ways = [settings]
    if not settings.full and settings.bits is None:
        ways.append(replace(settings, bits=4))
    for one in ways:
        slow = replace(one, batch_size=1, accumulate=one.batch_size * one.accumulate)
        yield from (one, replace(one, recompute=True), slow, replace(slow, recompute=True))


def _changes(before: TrainingSettings, after: TrainingSettings) -> dict[str, bool | int]:
    names = ("bits", "recompute", "batch_size", "accumulate")
    return {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}


def _seconds(
    shape: Shape, settings: TrainingSettings, rows: Sequence[RowTokens], gpus: Gpus, processes: int
) -> tuple[float | None, float | None]:
    if gpus.flops is None:
        return None, None
    return cost.seconds(shape, settings, rows, flops=gpus.flops * _PEAK * processes)
