"""What a training would take: memory and hours on this machine, or dollars at a host. All of it is an estimate.

memory    weights + adapter with its gradients and Adam's two moments (16 bytes a parameter; of a full training all weights
          take that) + activations of the layers that learn, at the longest row (34 × hidden × bytes a token and layer) + the answers' scores on the vocabulary
time      tokens ÷ the rate of an earlier training of this base here; without one, the operations (2 a parameter and token
          forwards, 2 backwards in layers that learn, 4 where their own weights do) ÷ half of what a matrix product reaches, told as half to twice of that
dollars   tokens × epochs × the host's price a million tokens
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distill.student.preflight.shape import Shape
from distill.student.preflight.speed import Speed
from distill.student.preflight.tokens import RowTokens

_HEADROOM = 1.2
_ADAM = 16
_GRADIENT = 4
_SCALES = 0.02
"""Bytes a weight for the scales of its block, where a base is quantised."""
_PER_LAYER = 34
"""Times hidden size and bytes of a number: what a layer keeps of a token for the way back (Korthikanti et al., 2022)."""
_REACHED = 0.5
_SPREAD = 2.0


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How it trains; `layers` None: all learn."""

    epochs: float = 2
    batch_size: int = 8
    learning_rate: float = 2e-3
    rank: int = 16
    layers: int | None = 15
    recompute: bool = False
    full: bool = False
    """All weights are tuned, in fp32."""
    accumulate: int = 1
    bits: int | None = None
    """Of the base's weights, where it is loaded quantised (QLoRA)."""


@dataclass(frozen=True, slots=True)
class Here:
    """Training on this machine. `tokens` are those of all epochs; seconds are None where nothing tells the speed."""

    params: int
    dtype: str
    memory_bytes: int
    free_bytes: int | None
    tokens: int
    seconds_low: float | None
    seconds_high: float | None
    assumes: str


@dataclass(frozen=True, slots=True)
class There:
    """Training at a host; `usd` is None where no price is known."""

    host: str
    base: str
    tokens: int
    epochs: float
    usd_per_million: float | None
    usd: float | None
    bills: str
    says: str


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of one process, without the headroom that `total` adds."""

    weights: int
    """Of the base; in a full training with gradients and moments."""
    adapter: int
    """With its gradients and moments."""
    kept: int
    """What learning layers keep of a batch for the way back."""
    scores: int
    """Of the answers' tokens on the vocabulary."""
    shared: int
    """Gradients on their way between processes."""

    @property
    def total(self) -> int:
        return int((self.weights + self.adapter + self.kept + self.scores + self.shared) * _HEADROOM)


def memory(shape: Shape, settings: TrainingSettings, rows: Sequence[RowTokens], *, itemsize: int) -> int:
    """Bytes at the batch of the longest rows."""
    return memory_of(shape, settings, rows, itemsize=itemsize).total


def memory_of(
    shape: Shape, settings: TrainingSettings, rows: Sequence[RowTokens], *, itemsize: int, processes: int = 1
) -> Memory:
    """The same by its parts, in one of so many processes."""
    learning = min(settings.layers or shape.layers, shape.layers)
    maps = 8 * shape.hidden + 3 * (shape.hidden + shape.inner)  # in and out of the linear maps of a layer
    learnt = shape.params if settings.full else settings.rank * maps * learning
    longest = sorted((row.whole for row in rows), reverse=True)[: settings.batch_size]
    tokens = max(longest, default=0) * len(longest)
    answers = sum(sorted((row.learnt / row.answers for row in rows), reverse=True)[: settings.batch_size])
    return Memory(
        weights=shape.params * _ADAM if settings.full else _stored(shape, settings.bits, itemsize),
        adapter=0 if settings.full else learnt * _ADAM,
        kept=tokens * shape.hidden * itemsize * ((_PER_LAYER + learning) if settings.recompute else _PER_LAYER * learning),
        scores=int(answers * (shape.head // shape.hidden) * 12),  # in training precision, in fp32, and their gradient
        shared=learnt * _GRADIENT if processes > 1 else 0,
    )  # fmt: skip


def _stored(shape: Shape, bits: int | None, itemsize: int) -> int:
    """The base's weights; with `bits` its layers are quantised, and what maps tokens to states and back is not."""
    if bits is None:
        return shape.params * itemsize
    layers = min(shape.layers * shape.layer, shape.params)
    return int(layers * (bits / 8 + _SCALES)) + (shape.params - layers) * itemsize


def operations(shape: Shape, settings: TrainingSettings, rows: Sequence[RowTokens]) -> float:
    """Floating-point operations of all epochs."""
    learning = min(settings.layers or shape.layers, shape.layers)
    passes = shape.layers + learning * ((2 if settings.recompute else 1) + settings.full)
    whole, learnt = sum(row.read for row in rows), sum(row.learnt for row in rows)
    return settings.epochs * (
        2.0 * whole * passes * shape.layer + (6.0 if settings.full else 4.0) * learnt * shape.head
    )


def seconds(
    shape: Shape, settings: TrainingSettings, rows: Sequence[RowTokens], *, flops: float
) -> tuple[float, float]:
    """(low, high) where a matrix product reaches so many operations a second."""
    middle = operations(shape, settings, rows) / (flops * _REACHED)
    return middle / _SPREAD, middle * _SPREAD


def here(
    shape: Shape, settings: TrainingSettings, rows: Sequence[RowTokens], *, dtype: str, itemsize: int, free_bytes: int | None, speed: Speed | None
) -> Here:  # fmt: skip
    """What training these rows here takes."""
    tokens = round(settings.epochs * sum(row.read for row in rows))
    low = high = None
    if speed is not None and speed.tokens_per_second:
        low = high = tokens / speed.tokens_per_second
    elif speed is not None and speed.flops:
        low, high = seconds(shape, settings, rows, flops=speed.flops)
    learning = min(settings.layers or shape.layers, shape.layers)
    what = "all weights" if settings.full else f"LoRA of rank {settings.rank} on {learning} of {shape.layers} layers"
    assumes = (
        f"{what}, {'float32' if settings.full else dtype}, batches of {settings.batch_size} rows"
        f"{', recomputed' if settings.recompute else ''}; {speed.says if speed else 'no speed was measured'}"
    )
    need = memory(shape, settings, rows, itemsize=4 if settings.full else itemsize)
    return Here(shape.params, "float32" if settings.full else dtype, need, free_bytes, tokens, low, high, assumes)


def there(
    host: str, base: str, tokens: int, epochs: float, *, usd_per_million: float | None, bills: str, says: str
) -> There:
    """What a host bills for training."""
    whole = round(tokens * epochs)
    usd = None if usd_per_million is None else whole * usd_per_million / 1e6
    return There(host, base, whole, epochs, usd_per_million, usd, bills, says)
