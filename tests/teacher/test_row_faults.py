"""Whatever one reply does to us is that row's failure: the others come home, and the run goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from distill.errors import RowsOwed
from distill.money import Budget, Rate
from distill.records import Answer, Ended, Request, Usage
from distill.teacher import requests as counting
from distill.teacher import runner
from distill.teacher.endpoint.scripted import Scripted
from distill.teacher.pace import Pace
from distill.teacher.progress import Progress
from distill.teacher.requests import ceiling
from distill.teacher.store.identity import StoreFault
from distill.teacher.store.store import Store, opened
from distill.teacher.worker_context import WorkerContext


class Panic(BaseException):
    """As the tokeniser's: no Exception."""


def rows(count: int) -> list[Request]:
    return [Request("x", {"messages": [{"role": "user", "content": str(i)}], "max_tokens": 5}) for i in range(count)]


def context(store: Store, teacher: Scripted, **more: object) -> WorkerContext:
    settings: dict[str, object] = {"budget": Budget(), "price": Rate(1, 1).usd, "pace": Pace(), "attempts": 2, **more}
    return WorkerContext(teacher=teacher, store=store, run="t/001", spender="teacher", **settings)  # type: ignore[arg-type]  # settings are passed through


def ends(path: Path) -> dict[str, int]:
    with sqlite3.connect(path) as db:
        return dict(db.execute("SELECT coalesce(ended, 'open'), count(*) FROM attempts GROUP BY 1"))


def deep() -> object:
    value: object = 1
    for _ in range(100_000):
        value = [value]
    return value


BAD = {
    "an exception while it is read": RecursionError("maximum recursion depth exceeded"),
    "a panic while it is read": Panic("called `Result::unwrap()`"),
    "log probabilities nested too deep to be kept": {"logprobs": deep()},
    "a count that no integer of SQLite holds": {"usage": Usage(10**30, 5)},
    "a price that is no number": {"usd": float("nan")},
    "half an emoji in a number's place": {"model": 3},
}


@pytest.mark.parametrize("name", BAD)
def test_a_reply_that_breaks_us_fails_its_row_and_no_other(tmp_path: Path, name: str) -> None:
    """It was sent, so it is booked as perhaps billed; what was in flight beside it is kept, and all the rest is asked."""
    bad, what = rows(60)[30].id, BAD[name]

    def reply(request: Request) -> Answer | str:
        if request.id != bad:
            return "fine"
        if isinstance(what, BaseException):
            raise what
        return Answer(request.id, Ended.OK, "fine", "stop", **({"usage": Usage(1, 1)} | what))  # type: ignore[arg-type,dict-item]  # what breaks

    with opened(tmp_path / "a.db") as store:
        progress = asyncio.run(runner.run(rows(60), context(store, Scripted(reply)), in_flight=16))
        assert (progress.answered, progress.failed) == (59, 1)
        failed = [row for row in store.attempts(bad) if row.ended]
        assert {row.ended for row in failed} == {"malformed"}
        assert all("its reply could not be" in (row.error or "") and (row.usd or 0) > 0 for row in failed)
    assert ends(tmp_path / "a.db") == {"ok": 59, "malformed": len(failed)}


def test_a_value_that_cannot_be_stored_spoils_no_commit_that_it_shares(tmp_path: Path) -> None:
    async def work() -> list[object]:
        with opened(tmp_path / "a.db") as store:
            asked = rows(50)
            ids = await asyncio.gather(
                *(store.intend(one, run="t/001", spender="teacher", reserved_usd=0.0) for one in asked)
            )
            answers = [
                Answer(one.id, Ended.OK, "fine", "stop", usd=0.0 if n != 7 else float("nan"))
                for n, one in enumerate(asked)
            ]
            settled = (store.settle(*one) for one in zip(ids, asked, answers, strict=True))
            return list(await asyncio.gather(*settled, return_exceptions=True))

    ended = asyncio.run(work())
    assert [n for n, one in enumerate(ended) if one is not None] == [7]
    assert not isinstance(ended[7], StoreFault)


def test_a_fault_that_is_no_row_s_ends_the_run_after_the_others_came_home(tmp_path: Path) -> None:
    """A watcher that breaks: no worker is cancelled, every answer that was paid for is in the store, then it is raised."""
    seen = []

    def broken(progress: Progress) -> None:
        seen.append(progress.answered)
        if len(seen) == 3:
            raise KeyError("a panel")

    with opened(tmp_path / "a.db") as store:
        teacher = Scripted(lambda _: "fine")
        at = context(store, teacher, on_change=broken)
        with pytest.raises(KeyError):
            asyncio.run(runner.run(rows(60), at, in_flight=16))
    assert ends(tmp_path / "a.db") == {"ok": teacher.sent}


def test_a_full_disk_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transaction, done = Store._transaction, []

    def full(store: Store, groups: list[object]) -> list[int]:
        done.append(1)
        if len(done) > 5:
            raise sqlite3.OperationalError("database or disk is full")
        return transaction(store, groups)

    with opened(tmp_path / "a.db") as store:
        monkeypatch.setattr(Store, "_transaction", full)
        with pytest.raises(StoreFault, match="disk is full"):
            asyncio.run(runner.run(rows(60), context(store, Scripted(lambda _: "fine")), in_flight=4))


def test_a_text_that_the_tokeniser_panics_on_counts_as_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    def panics(_: object) -> int:
        raise Panic

    monkeypatch.setattr(counting.tokens, "count_messages", panics)
    assert ceiling(Request("x", {"messages": [{"role": "user", "content": "é" * 100}]})).prompt_tokens > 200


def test_an_endpoint_that_never_gives_a_whole_answer_is_not_paid_for_every_row(tmp_path: Path) -> None:
    """A page instead of an API, for a thousand rows: the run stops after twenty of them."""
    teacher = Scripted(lambda r: Answer(r.id, Ended.MALFORMED, error="no whole answer: '<html>'", status=200))
    with opened(tmp_path / "a.db") as store, pytest.raises(RowsOwed, match="gave no whole answer to the first"):
        asyncio.run(runner.run(rows(1000), context(store, teacher, attempts=1), in_flight=4))
    assert teacher.sent < 40
