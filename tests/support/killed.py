"""A process that answers rows and kills itself at a named point.

`python killed.py URL STORE ROWS POINT AFTER [MUTANT]`. A mutant breaks one promise of the store on purpose, so that a
test can show that it would notice; its commits are slow, as those of a busy disk are.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar

from distill.money import Budget, Rate
from distill.records import Answer, Request
from distill.teacher import runner
from distill.teacher.endpoint.client import Endpoint
from distill.teacher.pace import Pace
from distill.teacher.store import migrations
from distill.teacher.store.store import Store

IN_FLIGHT = 8
MIGRATE = migrations.migrate
POINTS = (
    "amid opening", "before intent", "after intent", "after send", "before commit", "amid commit", "after commit",
)  # fmt: skip


def rows(count: int) -> list[Request]:
    return [
        Request("here", {"model": "m", "messages": [{"role": "user", "content": f"row {n}"}], "max_tokens": 20})
        for n in range(count)
    ]


class Fuse:
    """Burns down by one each time its point is passed; at zero the process is gone."""

    def __init__(self, point: str, after: int) -> None:
        self.point, self.left = point, after

    def passed(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if self.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class FusedStore(Store):
    fuse: ClassVar[Fuse]
    mutant = ""
    behind: ClassVar[set[asyncio.Task[Any]]] = set()

    def later(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self.behind.add(task)
        task.add_done_callback(self.behind.discard)

    async def queued(self, work: Coroutine[Any, Any, Any]) -> None:
        await asyncio.sleep(0.2)  # behind what the writer has to do already
        await work

    async def intend(self, request: Request, **given: Any) -> int:
        self.fuse.passed("before intent")
        if self.mutant == "send before the intent is on the disk":
            self.later(super().intend(request, **given))
            return 10**9
        attempt = await super().intend(request, **given)
        self.fuse.passed("after intent")
        return attempt

    async def settle(self, attempt: int, request: Request, answer: Answer) -> None:
        self.fuse.passed("after send")
        if self.mutant == "permit given back at read":
            self.later(self.queued(super().settle(attempt, request, answer)))
            return
        await super().settle(attempt, request, answer)
        self.fuse.passed("after commit")

    def _transaction(self, groups: Any) -> list[int]:
        settles = any(len(statements) > 1 for statements in groups)  # the settlement of an answer
        if settles:
            self.fuse.passed("before commit")
        # All is written and nothing is committed when SQLite comes to this word.
        self._db.set_trace_callback(
            lambda said: self.fuse.passed("amid commit") if settles and said == "COMMIT" else None
        )
        if self.mutant:
            time.sleep(0.05)
        return super()._transaction(groups)


def migrating(db: sqlite3.Connection, path: Path) -> None:
    """Bring a store up as ever, with the point before its commit."""
    db.set_trace_callback(lambda said: FusedStore.fuse.passed("amid opening") if said == "COMMIT" else None)
    MIGRATE(db, path)


async def main(url: str, path: str, count: str, point: str, after: str, mutant: str = "") -> None:
    FusedStore.fuse = Fuse(point, int(after))
    migrations.migrate = migrating
    store = FusedStore(Path(path))
    store.mutant = mutant
    teacher = Endpoint("m", url, price=Rate(1, 1).usd)
    context = runner.WorkerContext(
        teacher=teacher, store=store, run="t/001", spender="teacher", budget=Budget(), price=Rate(1, 1).usd,
        pace=Pace(in_flight=IN_FLIGHT),
    )  # fmt: skip
    await runner.run(rows(int(count)), context, in_flight=IN_FLIGHT)
    await teacher.close()
    store.close()


def run(*words: str) -> None:
    """The whole process."""
    asyncio.run(main(*words))


if __name__ == "__main__":
    run(*sys.argv[1:])
