"""The executor whose tasks run on a Ray cluster (`distill.executors.executor`).

The driver writes the parts into the storage, tasks write what comes of them beside, and the driver takes that in, in the order of the
parts. So a node that dies takes nothing along but the tasks that it was at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from distill.executors.executor import Part, Piece, Result, Shared
from distill.executors.ray_cluster.step import Say, Spent, Step
from distill.executors.ray_cluster.storage import Storage

ROWS = 25_000
"""Rows of a part: a worker then stays far below a GiB, and a million rows keep forty workers busy."""


def _unheard(_line: str) -> None:
    """Nobody listens."""


@dataclass(slots=True)
class RayExecutor:
    """For one command: `storage` is its own, and `ray` the module, connected."""

    ray: Any
    storage: Storage
    say: Say = _unheard
    rows: int | None = ROWS
    near: bool = False
    spent: Spent = field(default_factory=Spent)
    steps: int = 0

    def map(
        self, name: str, work: Callable[[Part, Shared], Result], parts: Iterable[Part], shared: Shared
    ) -> Iterator[Result]:
        """The result of each part, in their order."""
        step = self._step(name, shared)
        results = [
            step.start(work, {step.part(number, part): None}, f"result-{number:05}")
            for number, part in enumerate(parts)
        ]
        self._count(name, len(results))
        yield from map(step.value, results)
        step.close()

    def shuffle(
        self,
        name: str,
        split: Callable[[Part, Shared], Sequence[Piece]],
        parts: Iterable[Part],
        join: Callable[[Sequence[Piece], Shared], Result],
        shared: Shared,
    ) -> Iterator[Result]:
        """The result of each partition; its pieces go from node to node through the storage, not through the driver."""
        step = self._step(name, shared)
        splits = [
            step.start(split, {step.part(number, part): None}, f"split-{number:05}", splits=True)
            for number, part in enumerate(parts)
        ]
        self._count(name, len(splits))
        spans = {result: step.wait(result).spans for result in splits}
        partitions = len(spans[splits[0]]) if splits else 0
        joins = [
            step.start(join, {result: spans[result][at] for result in splits}, f"result-{at:05}", joins=True)
            for at in range(partitions)
        ]
        yield from map(step.value, joins)
        step.close()

    def _step(self, name: str, shared: object) -> Step:
        self.steps += 1
        step = Step(self.ray, self.storage, name, f"{self.steps:03}", self.say, self.spent)
        step.share(shared)
        return step

    def _count(self, name: str, parts: int) -> None:
        cores = int(self.ray.cluster_resources().get("CPU", 0))
        self.say(f"  {name}: {parts:,} part{'s' if parts != 1 else ''} on {cores} core{'s' if cores != 1 else ''}")
