"""The runner over the scripted teacher: answered once, paid once, nothing forgotten."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections import Counter
from pathlib import Path

import pytest

from distill import memory
from distill.errors import AccessRefused, BudgetReached
from distill.money import Budget, Rate
from distill.records import Answer, Ended, Request, Usage
from distill.teacher import runner
from distill.teacher.endpoint.scripted import Scripted
from distill.teacher.pace import Pace
from distill.teacher.progress import Progress
from distill.teacher.requests import ceiling
from distill.teacher.runner import WorkerContext
from distill.teacher.store.store import Store, opened


def requests(count: int) -> list[Request]:
    return [Request("x", {"messages": [{"role": "user", "content": str(i)}], "max_tokens": 5}) for i in range(count)]


def context(store: Store, teacher: Scripted, *, limit: float | None = None, rate: Rate | None = None) -> WorkerContext:
    price = rate.usd if rate else None
    return WorkerContext(
        teacher=teacher,
        store=store,
        run="t/001",
        spender="teacher",
        budget=Budget(limit),
        price=price,
        pace=Pace(),
        attempts=3,
    )


def go(path: Path, teacher: Scripted, count: int = 20, **settings: object) -> Progress:
    with opened(path) as store:
        return asyncio.run(runner.run(requests(count), context(store, teacher, **settings), in_flight=4))  # type: ignore[arg-type]  # settings are passed through


def test_every_request_is_answered_once_and_a_second_run_sends_nothing(tmp_path: Path) -> None:
    """A finished run replays everything."""
    teacher = Scripted()
    assert go(tmp_path / "a.db", teacher).answered == 20
    again = go(tmp_path / "a.db", teacher)
    assert (again.replayed, again.sends, teacher.sent) == (20, 0, 20)


def test_a_flaky_endpoint_fails_no_row(tmp_path: Path) -> None:
    """Each request is overloaded once and rate limited once; all are answered, each attempt is in the ledger."""
    seen: Counter[str] = Counter()

    def flaky(request: Request) -> Answer | str:
        seen[request.id] += 1
        ends = {1: Ended.OVERLOADED, 2: Ended.RATE_LIMITED}
        return Answer(request.id, ends[seen[request.id]], retry_after_s=0.0) if seen[request.id] in ends else "fine"

    progress = go(tmp_path / "a.db", Scripted(flaky), count=4)
    assert (progress.answered, progress.failed, progress.sends) == (4, 0, 12)


def test_a_row_that_never_works_is_left_owed(tmp_path: Path) -> None:
    """After its attempts a row is failed, the others go on, and the store holds no answer for it."""
    bad = requests(3)[1].id

    def reply(request: Request) -> Answer | str:
        return Answer(request.id, Ended.REFUSED, error="too long") if request.id == bad else "fine"

    progress = go(tmp_path / "a.db", Scripted(reply), count=3)
    assert (progress.answered, progress.failed) == (2, 1)
    with opened(tmp_path / "a.db") as store:
        assert store.get(bad) is None


def test_a_bad_key_stops_the_run(tmp_path: Path) -> None:
    """No request after the ones in flight is sent."""
    teacher = Scripted(lambda r: Answer(r.id, Ended.NO_ACCESS, status=401, error="bad key"))
    with pytest.raises(AccessRefused, match="bad key"):
        go(tmp_path / "a.db", teacher)
    assert teacher.sent <= 4


def test_the_budget_is_a_wall(tmp_path: Path) -> None:
    """What is settled never passes the limit, and the run says that it was reached."""
    priced = Scripted(lambda r: Answer(r.id, Ended.OK, "x", "stop", Usage(10, 5), usd=0.01))
    rate = Rate(input=0, output=2000)  # 5 tokens at most: one cent
    with pytest.raises(BudgetReached):
        go(tmp_path / "a.db", priced, limit=0.055, rate=rate)
    with opened(tmp_path / "a.db") as store:
        assert store.spent("t/001") <= 0.055
    assert priced.sent == 5


def test_a_long_conversation_is_counted_beside_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte would hold up all the others; a short one is not worth a thread."""
    threads = {}

    def watched(request: Request) -> Usage:
        threads[request.turns[0]["content"][:1]] = threading.current_thread()
        return ceiling(request)

    monkeypatch.setattr(runner, "ceiling", watched)
    asked = [Request("x", {"messages": [{"role": "user", "content": text}]}) for text in ("a b", "b c " * 100_000)]
    with opened(tmp_path / "a.db") as store:
        asyncio.run(runner.run(asked, context(store, Scripted(lambda _: "fine")), in_flight=2))
    assert {name: thread is threading.main_thread() for name, thread in threads.items()} == {"a": True, "b": False}


@pytest.mark.parametrize("refused", [False, True])
def test_the_garbage_collector_is_as_it_was_after_a_run(
    tmp_path: Path, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While calls are in flight what was there before is not walked; afterwards it is again, however the run ended."""
    gc.unfreeze()  # what tests before this one have imported
    monkeypatch.setattr(memory, "frozen", False)
    before, during = (gc.get_threshold(), gc.get_freeze_count()), []

    def reply(request: Request) -> Answer | str:
        during.append((gc.get_freeze_count() > 10_000, gc.get_threshold()[2]))
        return Answer(request.id, Ended.NO_ACCESS, status=401) if refused else "fine"

    try:
        go(tmp_path / "a.db", Scripted(reply), count=1)
    except AccessRefused:
        assert refused
    assert during == [(True, 100)]
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
