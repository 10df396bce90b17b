"""The rows of a batch, computed on threads of their own.

PyTorch's own threads wait for each other after every operation. Where another program holds a core, each operation takes as long as the
thread that is waiting for it: with four busy programs on two cores, a step took 10 to 18 times as long as alone. Threads that compute
whole rows wait for each other once a step. It takes 1.7 times as long then, and no longer than before on an idle machine (8 rows of
150 tokens, measured). Gradients are added in the order of the rows, so the weights depend on no other program. `OMP_NUM_THREADS` sets
how many threads compute at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

T = TypeVar("T")
R = TypeVar("R")
PARTS = 8
"""Parts of a batch at the most; that they are the same on every machine keeps its sums the same."""
LEAST_WORK = 2e9
"""Weights times tokens of a batch below which one thread is done sooner than several are told."""
GRADIENT_BYTES = 2**31
"""Of all parts that are computed at once: each has gradients of its own."""


def parts_of(rows: int, work: float) -> list[list[int]]:
    """The places of a batch's rows by part, in order: `work` is its tokens times the weights that each goes through."""
    count = 1 if work < LEAST_WORK else min(rows, PARTS)
    bounds = [rows * part // count for part in range(count + 1)]
    return [list(range(first, end)) for first, end in pairwise(bounds)]


def threads_of(parts: int, gradient_bytes: int, own_number: str | None = None) -> int:
    """Threads that compute at once: one for each part, two where the gradients of more would be too large, or the user's number."""
    if own_number and own_number.isdigit() and int(own_number):
        return min(parts, int(own_number))
    return min(parts, max(2, GRADIENT_BYTES // max(1, gradient_bytes)))


class RowThreads:
    """Threads for one model's batches; on a GPU, and among several processes, its batches stay whole."""

    def __init__(self, model: Module) -> None:
        self._weights = sum(weight.numel() for weight in model.parameters())
        self._learning = [weight for weight in model.parameters() if weight.requires_grad]
        own = sum(weight.numel() * weight.element_size() for weight in self._learning)
        self._count = threads_of(PARTS, own, os.environ.get("OMP_NUM_THREADS"))
        self._pool: ThreadPoolExecutor | None = None
        self._whole = 1

    def parts(self, ids: Tensor) -> list[list[int]]:
        """The parts of a batch of (rows, tokens)."""
        from distill.student.processes import group as processes

        whole = ids.device.type != "cpu" or processes.count() > 1
        return parts_of(len(ids), 0 if whole else ids.numel() * self._weights)

    def map(self, work: Callable[[T], R], parts: Sequence[T]) -> Iterator[R]:
        """What `work` gives of each part, in order. A thread of the pool begins with gradients on, whatever the caller's are."""
        import torch

        if self._pool is None:
            # MKL has one number for the whole process, and how it divides a sum depends on it: so all threads have the same, this one too.
            self._whole = torch.get_num_threads()
            torch.set_num_threads(own := max(1, self._whole // self._count))
            self._pool = ThreadPoolExecutor(self._count, "rows", initializer=torch.set_num_threads, initargs=(own,))
        return self._pool.map(work, parts)

    def learn(self, loss: Callable[[T], Tensor], parts: Sequence[T]) -> Tensor:
        """Add the gradients of each part's loss to the weights' own; the sum of the losses."""
        import torch

        def backward(part: T) -> tuple[Tensor, tuple[Tensor | None, ...]]:
            found = loss(part)
            return found.detach(), torch.autograd.grad(found, self._learning, allow_unused=True)

        total = torch.zeros(())
        for one, gradients in self.map(backward, parts):
            total = total + one
            for weight, gradient in zip(self._learning, gradients, strict=True):
                if gradient is not None:
                    weight.grad = gradient if weight.grad is None else weight.grad.add_(gradient)
        return total

    def close(self) -> None:
        """End the threads; PyTorch's own are as many as before."""
        import torch

        if self._pool is not None:
            self._pool.shutdown()
            torch.set_num_threads(self._whole)
