"""One step under way on the cluster: its objects in the storage, its tasks, and how often each was tried.

An object is named by what made it, so that a task which is done twice writes the same name again. Tries are counted here and not by
Ray, which does a task that was killed for memory again without end.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from distill.executors.ray_cluster import faults
from distill.executors.ray_cluster.storage import ShardLostError, Storage
from distill.executors.ray_cluster.task import Done, FailedTask, ShardJob, Span, perform, stamp

TRIES = 4
"""How often a task is lost to a crash, or an object is gone, until the step ends."""
WAIT_S = 60.0
"""After so many seconds without a task done, a line says so."""

Say = Callable[[str], None]


@dataclass(slots=True)
class Spent:
    """What all tasks took together."""

    tasks: int = 0
    again: int = 0
    """Tasks that were started once more, after a crash."""
    cpu_s: float = 0.0
    peak_mib: float = 0.0
    """The most that a worker held."""

    def note(self, done: Done) -> None:
        """One more task is done."""
        self.tasks += 1
        self.cpu_s += done.cpu_s
        self.peak_mib = max(self.peak_mib, done.peak_mib)

    def __str__(self) -> str:
        again = f", {self.again:,} started again after a crash" if self.again else ""
        return f"{self.tasks:,} tasks{again}; {self.cpu_s:,.0f} s of CPU; at most {self.peak_mib:,.0f} MiB a worker"


@dataclass(slots=True)
class Step:
    """`prefix` is the folder of its objects; `ray` the module, connected."""

    ray: Any
    storage: Storage
    name: str
    prefix: str
    say: Say
    spent: Spent
    tries: Counter[str] = field(default_factory=Counter)
    jobs: dict[str, ShardJob] = field(default_factory=dict)
    """Result → the job that makes it."""
    running: dict[Any, str] = field(default_factory=dict)
    """Ray's reference → the result that it stands for."""
    done: dict[str, Done] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    """Result → those whose tasks wait for it, since they found it gone."""

    def share(self, shared: object) -> None:
        """Write what all parts are worked on with."""
        self.storage.write(f"{self.prefix}/shared", pickle.dumps(shared, protocol=5))

    def part(self, number: int, part: object) -> str:
        """Write a part; its name."""
        name = f"{self.prefix}/part-{number:05}"
        self.storage.write(name, pickle.dumps(part, protocol=5))
        return name

    def start(self, work: Callable[..., Any], inputs: Mapping[str, Span | None], result: str, **how: bool) -> str:
        """Start a task on inputs (object → which piece of it); its result's name."""
        name = f"{self.prefix}/{result}"
        job = ShardJob(work, self.storage, tuple(inputs.items()), f"{self.prefix}/shared", name, stamp(), **how)
        self.jobs[name] = job
        self._submit(name)
        return name

    def wait(self, result: str) -> Done:
        """What a task took, once it is done."""
        while result not in self.done:
            self._pump()
        return self.done[result]

    def value(self, result: str) -> Any:
        """What a task came to; one whose result is gone does its work again."""
        while True:
            self.wait(result)
            try:
                return pickle.loads(self.storage.read(result))  # noqa: S301 - a task's own, and whole by its hash
            except ShardLostError:
                self._again(result, f"{result} is gone")

    def close(self) -> None:
        """Take the step's objects away."""
        self.storage.remove_under(self.prefix)

    def _pump(self) -> None:
        """Wait until some task ends, and go on from there; after a while a line says what is waited for."""
        ready, _ = self.ray.wait(list(self.running), num_returns=1, timeout=WAIT_S)
        if not ready:
            self.say(
                f"  {self.name}: {len(self.done):,} of {len(self.jobs):,} parts are done; {faults.resources(self.ray)}"
            )
        for reference in ready:
            self._ended(reference, self.running.pop(reference))

    def _submit(self, result: str) -> None:
        task = self.ray.remote(perform).options(num_cpus=1, max_retries=0, name=f"distill: {self.name}")
        self.running[task.remote(self.jobs[result])] = result

    def _ended(self, reference: Any, result: str) -> None:
        """Note what a task came to, or start it again after a crash."""
        try:
            outcome = self.ray.get(reference)
        except Exception as fault:  # noqa: BLE001 - what the work raised comes as Ray's error, and is told apart there
            self._again(result, faults.crash(fault, self.ray, self.name))
            return
        if isinstance(outcome, Done):
            self.spent.note(outcome)
            self.done[result] = outcome
            for waiting in self.waiting.pop(result, ()):
                self._submit(waiting)
        elif outcome.kind == "lost":
            self._lacks(result, outcome)
        else:
            raise faults.of_task(outcome, stamp(), self.name)

    def _lacks(self, result: str, failed: FailedTask) -> None:
        """An object that a task reads is gone: the task that made it comes first, then this one again."""
        maker = failed.said
        if maker not in self.jobs:
            raise faults.lost(failed, self.storage.url, self.name)
        if self.done.pop(maker, None) is not None:
            self._again(maker, f"{maker} is gone")
        if maker in self.running.values():
            self.waiting.setdefault(maker, []).append(result)
        else:
            self._submit(result)

    def _again(self, result: str, why: str) -> None:
        """Start a task once more, which is said; the step ends where it was tried too often."""
        self.tries[result] += 1
        if self.tries[result] >= TRIES:
            raise faults.too_often(self.name, why, TRIES)
        self.spent.again += 1
        self.done.pop(result, None)
        self.say(f"  {self.name}: {why}; the part is done again")
        self._submit(result)
