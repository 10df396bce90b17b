"""A batch session at the double, for a test: rounds under a clock that stands between them, until nothing is out or pending."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from distill.money import Budget, Rate
from distill.records import Request
from distill.teacher import runner
from distill.teacher.batch.files.input_file import BatchLimits
from distill.teacher.batch.host.client import reached
from distill.teacher.batch.round import run_round
from distill.teacher.batch.session import BatchSession
from distill.teacher.endpoint.client import Endpoint
from distill.teacher.pace import Pace
from distill.teacher.store.store import Store
from distill.testing.batch.faults import batch_fault
from distill.testing.batch.states import BatchScript
from distill.testing.fault_server import Script, Server, serve

RUN = "t/001"
RATE = Rate(1.0, 1.0)
"""The price of the double's own ledger."""
CHAT = "/v1/chat/completions"


def requests(count: int) -> list[Request]:
    return [
        Request("here", {"model": "m", "messages": [{"role": "user", "content": f"row {n} “a”\u2028b"}], "max_tokens": 20})
        for n in range(count)
    ]  # fmt: skip


ROWS = requests(30)


def double(*batch_faults: str, key: str | None = None, **script: Any) -> Any:
    """The server; its clock stands."""
    batch = BatchScript(hurry=0.0, batch_faults=tuple(batch_fault(one) for one in batch_faults), **script)
    return serve(Script(seed=7, key=key, batch=batch))


@asynccontextmanager
async def session_at(
    address: str, store: Store, *, key: str | None = None, **changed: Any
) -> AsyncIterator[BatchSession]:
    """A session as a new process would begin it: what was spent is read from the store."""
    settings: dict[str, Any] = {
        "run": RUN, "spender": "teacher", "endpoint": "here", "model": "m", "url": CHAT, "price": RATE.batch_usd,
        "budget": Budget(None, store.spent(RUN)), "limits": BatchLimits(rows=12), "grace_s": 0.0, "lost_s": 0.0,
    }  # fmt: skip
    async with reached(address, key, {}) as host:
        yield BatchSession(host=host, store=store, **(settings | changed))


async def to_the_end(
    session: BatchSession, server: Server, rows: Sequence[Request], *, most: int = 60, hours: float = 0.7
) -> int:
    """Rounds, some time apart, until all is done; how many it took. Fails where a session does not end."""
    for count in range(1, most + 1):
        await run_round(session, rows)
        if not session.out and not session.waiting:
            return count
        server.states.clock.step(hours * 3600)
    raise AssertionError(f"no end after {most} rounds: {len(session.out)} batches out, {session.waiting} rows waiting")


async def live(url: str, store: Store, rows: Sequence[Request], *, run: str = RUN) -> None:
    """The same rows answered by calls."""
    teacher = Endpoint("m", url, price=RATE.usd)
    context = runner.WorkerContext(
        teacher=teacher,
        store=store,
        run=run,
        spender="teacher",
        budget=Budget(),
        price=RATE.usd,
        pace=Pace(in_flight=8),
    )
    try:
        await runner.run(rows, context, in_flight=8)
    finally:
        await teacher.close()


def content(path: Path) -> dict[str, tuple[Any, ...]]:
    """What a store keeps of each answer, by request id, less what differs by the way it came: money, time and the raw line."""
    query = (
        "SELECT request_id, endpoint, draw, request, text, finish_reason, refusal, reasoning, model, prompt_tokens, "
        "completion_tokens, cached_tokens, tokens_measured, tool_calls FROM answers"
    )
    with sqlite3.connect(path) as db:
        return {row[0]: row[1:] for row in db.execute(query)}
