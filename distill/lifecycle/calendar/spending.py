"""What the answer store says of each task of a project: dollars of all that was ever sent for it, and batch jobs that lie at a host."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from distill.lifecycle.calendar.result import OpenBatches
from distill.money import known_usd
from distill.task import stores
from distill.teacher.store import queries


@dataclass(frozen=True, slots=True)
class ProjectSpending:
    """By task; a task that never sent anything is in none of them."""

    usd: Mapping[str, float] = field(default_factory=dict)
    unpriced: Mapping[str, int] = field(default_factory=dict)
    batches: Mapping[str, OpenBatches] = field(default_factory=dict)

    def dollars(self, task: str) -> float | None:
        """None where all that was sent is of unknown price."""
        return known_usd(self.usd.get(task, 0.0), self.unpriced.get(task, 0))


def spending_of(home: Path) -> ProjectSpending:
    """Read from the store; UsageError where it cannot be."""
    with stores.reading(home) as db:
        return _read(db)


def _read(db: sqlite3.Connection) -> ProjectSpending:
    usd, unpriced = Counter[str](), Counter[str]()
    for one in queries.totals_by_name(db):
        usd[_task(one.name)] += one.usd  # type: ignore[assignment]  # a counter adds dollars as well
        unpriced[_task(one.name)] += one.unpriced
    batches: dict[str, OpenBatches] = {}
    for job in queries.batch_jobs(db, ""):
        task, since = _task(job.run), job.submitted or ""
        before = batches.get(task, OpenBatches(0, 0, since))
        first = min(filter(None, (before.since, since)), default="")
        batches[task] = OpenBatches(before.batches + 1, before.rows + job.rows, first)
    return ProjectSpending(usd, unpriced, batches)


def _task(name: str) -> str:
    """The task of a name in the ledger: `mood/001`, `mood/plan`, `mood/001 before 2026-11-30 12:00:00`."""
    return name.split("/", 1)[0]
