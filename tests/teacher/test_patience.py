"""Rate limits: waited for as long as answers come, and not for ever where none does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from no_wait import run

from distill.errors import RowsOwed
from distill.money import Budget
from distill.records import Answer, Ended, Request
from distill.teacher import runner
from distill.teacher.endpoint.scripted import Scripted
from distill.teacher.pace import Pace
from distill.teacher.store.store import opened
from distill.teacher.worker_context import WorkerContext


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distill.teacher.retry.BASE_S", 0.01)


def rows(count: int) -> list[Request]:
    return [Request("x", {"messages": [{"role": "user", "content": str(i)}], "max_tokens": 5}) for i in range(count)]


def limited(request: Request, wait_s: float | None = 0.01) -> Answer:
    return Answer(request.id, Ended.RATE_LIMITED, error="quota of today is gone", status=429, retry_after_s=wait_s)


def go(path: Path, teacher: Scripted, count: int = 4, **settings: float) -> WorkerContext:
    with opened(path) as store:
        context = WorkerContext(
            teacher=teacher, store=store, run="t/001", spender="teacher", budget=Budget(), price=None, pace=Pace(), **settings  # type: ignore[arg-type]  # settings are passed through
        )  # fmt: skip
        try:
            run(runner.run(rows(count), context, in_flight=4))
        finally:
            go.open = store._db.execute("SELECT count(*) FROM attempts WHERE settled IS NULL").fetchone()[0]  # type: ignore[attr-defined]  # a function may carry what it found
    return context


def test_rate_limits_without_a_single_answer_stop_with_the_host_s_words(tmp_path: Path) -> None:
    """Exit 3: the rows are owed, nothing is left open, and the next move is said."""
    with pytest.raises(
        RowsOwed, match=r"without a single answer \(429: quota of today is gone\).*limits.patience_s is 0.3"
    ):
        go(tmp_path / "a.db", Scripted(limited), patience_s=0.3)
    assert go.open == 0  # type: ignore[attr-defined]  # set above


def test_a_wait_longer_than_the_patience_is_not_begun(tmp_path: Path) -> None:
    teacher = Scripted(lambda r: limited(r, 3600.0))
    with pytest.raises(RowsOwed, match="asks to wait 60 min"):
        go(tmp_path / "a.db", teacher, patience_s=1800)
    assert teacher.sent <= 4


def test_patience_ends_at_the_deadline_where_that_is_sooner(tmp_path: Path) -> None:
    with pytest.raises(RowsOwed, match="without a single answer"):
        go(tmp_path / "a.db", Scripted(limited), patience_s=1800, deadline=time.monotonic() + 0.3)


def test_a_deadline_that_is_over_takes_no_patience_away(tmp_path: Path) -> None:
    """Whoever runs late still waits for a limit as ever."""
    seen: dict[str, int] = {}

    def reply(request: Request) -> Answer | str:
        seen[request.id] = seen.get(request.id, 0) + 1
        return limited(request) if seen[request.id] < 3 else "fine"

    assert go(tmp_path / "a.db", Scripted(reply), patience_s=60, deadline=time.monotonic() - 5).progress.answered == 4


def test_a_storm_with_an_answer_now_and_then_goes_on_for_ever(tmp_path: Path) -> None:
    """Many times as long as the patience, and no row fails."""
    sent = []

    def reply(request: Request) -> Answer | str:
        sent.append(time.monotonic())
        return "fine" if len(sent) % 8 == 0 else limited(request, 200)

    context = go(tmp_path / "a.db", Scripted(reply), count=10, patience_s=1800)
    assert (context.progress.answered, context.progress.failed) == (10, 0)
    assert sent[-1] - sent[0] > 2 * 1800
