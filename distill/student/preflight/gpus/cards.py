"""GPUs by name: memory, and what a matrix product in bf16 reaches at most, by their makers' data sheets (dense, without sparsity)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from distill.errors import UsageError
from distill.text.normalise import did_you_mean

GIB = 2**30
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:g|gb|gib)?\s*", re.IGNORECASE)
_MOST_GIB = 10_000


@dataclass(frozen=True, slots=True)
class Card:
    """`gib` as its maker names it, `tflops` in bf16."""

    gib: float
    tflops: float


CARDS: Mapping[str, Card] = MappingProxyType(
    {
        "l4": Card(24, 121), "a10": Card(24, 125), "rtx4090": Card(24, 165), "rtx5090": Card(32, 209), "l40s": Card(48, 362),
        "a100-40": Card(40, 312), "a100": Card(80, 312), "h100": Card(80, 989), "h200": Card(141, 989), "b200": Card(180, 2250),
        "mi300x": Card(192, 1307),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gpus:
    """`each` GPUs in every one of `machines`; `flops` of one in bf16, None where no name tells it."""

    each: int
    memory_bytes: int
    machines: int = 1
    name: str = ""
    flops: float | None = None

    @property
    def all(self) -> int:
        return self.machines * self.each


def gpus(each: int | None, *, machines: int | None = None, name: str | None = None, memory: str | None = None) -> Gpus:
    """GPUs as options name them; UsageError where their memory is not known."""
    each, machines = (1 if count is None else count for count in (each, machines))
    card = None if name is None else _card(name)
    if memory is not None:
        size = _gib(memory)
    elif card is not None:
        size = card.gib
    else:
        raise UsageError(
            f"what is the memory of a GPU? Give --gpu-memory 80GB, or --gpu with one of {', '.join(sorted(CARDS))}"
        )
    flops = None if card is None else card.tflops * 1e12
    return Gpus(each, int(size * GIB), machines, "" if name is None else name.lower(), flops)


def _card(name: str) -> Card:
    found = CARDS.get(name.lower())
    if found is None:
        raise UsageError(
            f"--gpu {name[:40]!r} is not in the table{did_you_mean(name.lower(), CARDS)}. For another give its memory: --gpu-memory 80GB"
        )
    return found


def _gib(text: str) -> float:
    """80, 80GB and 80GiB are the same: a card of 80 GB has 80 GiB less what its driver keeps."""
    match = _SIZE.fullmatch(text)
    size = float(match[1]) if match else 0.0
    if not 0 < size <= _MOST_GIB:
        raise UsageError(f"--gpu-memory is {text[:20]!r}: expected the memory of one GPU in GB, say 80GB")
    return size
