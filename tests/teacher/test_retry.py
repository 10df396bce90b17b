"""The patience that an endpoint asks for: each Retry-After is obeyed, the newest one, by a clock that nobody sets."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest
from no_wait import run

from distill.money import Budget
from distill.records import Answer, Ended, Request
from distill.teacher import retry, runner
from distill.teacher.endpoint.client import Endpoint
from distill.teacher.endpoint.scripted import Scripted
from distill.teacher.pace import Pace
from distill.teacher.store.store import opened
from distill.testing.fault_server import Script, serve


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a wait is exactly what was asked for."""
    monkeypatch.setattr(retry, "BASE_S", 0.0)


def rows(count: int) -> list[Request]:
    return [
        Request("x", {"model": "m", "messages": [{"role": "user", "content": f"row {n}"}], "max_tokens": 20})
        for n in range(count)
    ]


def waits(path: Path, asked_s: list[float | None], ended: Ended = Ended.RATE_LIMITED) -> list[float]:
    """Seconds between the sends of one row that is refused once for each of `asked_s`."""
    sent: list[float] = []

    def reply(request: Request) -> Answer | str:
        sent.append(time.monotonic())
        refused = len(sent) <= len(asked_s)
        return Answer(request.id, ended, retry_after_s=asked_s[len(sent) - 1]) if refused else "fine"

    with opened(path) as store:
        context = runner.WorkerContext(
            teacher=Scripted(reply), store=store, run="t/001", spender="teacher", budget=Budget(), price=None,
            pace=Pace(in_flight=4),
        )  # fmt: skip
        assert run(runner.run(rows(1), context, in_flight=4)).answered == 1
    return [after - before for before, after in itertools.pairwise(sent)]


@pytest.mark.parametrize("ended", [Ended.RATE_LIMITED, Ended.OVERLOADED])
@pytest.mark.parametrize("asked_s", [[10.0, 20.0, 40.0], [40.0, 10.0, 0.5]])
def test_each_wait_is_the_newest_that_was_asked_for(tmp_path: Path, asked_s: list[float | None], ended: Ended) -> None:
    """Growing or shrinking, in a 429 or a 503: never the first one, never shorter, and no longer."""
    assert waits(tmp_path / "a.db", asked_s, ended) == pytest.approx(asked_s)


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
def test_a_clock_that_is_set_changes_no_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump_s: float) -> None:
    """The wall clock jumps by an hour each time that anybody looks at it."""
    clock = itertools.count(time.time(), jump_s)
    monkeypatch.setattr(time, "time", lambda: next(clock))
    assert waits(tmp_path / "a.db", [20.0]) == pytest.approx([20.0])


async def test_nobody_of_many_knocks_before_a_patience_that_grows(tmp_path: Path) -> None:
    """Thirty rows into a storm whose Retry-After doubles each time: by the server's own clock not one came early, and the
    storm cost no row."""
    async with serve(Script(storm=(0.0, 1.2), retry_after_s=0.1, escalate=2.0)) as server:
        teacher = Endpoint("m", server.base_url, timeout_s=5.0)
        with opened(tmp_path / "a.db") as store:
            context = runner.WorkerContext(
                teacher=teacher, store=store, run="t/001", spender="teacher", budget=Budget(), price=None,
                pace=Pace(in_flight=8),
            )  # fmt: skip
            progress = await runner.run(rows(30), context, in_flight=8)
        await teacher.close()
    assert (progress.answered, progress.failed) == (30, 0)
    assert max(server.ledger.sends.values()) >= 3, "nobody was refused twice"
    assert not any(entry.early for entry in server.ledger.entries)
