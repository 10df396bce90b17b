"""Nights at one spender: what goes by batch and what live, by the deadline, the budget and Ctrl-C."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
from by_batch import SETS, Said, batched, double

from distill.errors import BudgetReached
from distill.money import Budget
from distill.pipeline.open_task import open_task
from distill.records import Request
from distill.teacher import schedule
from distill.teacher.batch import journal
from distill.teacher.endpoint.stopping import Stopped
from distill.teacher.progress import Progress, Silent
from distill.teacher.schedule import InBatches
from distill.teacher.send import Sender
from distill.teacher.store.store import Store, opened
from distill.testing.fault_server import Server

PATIENT = "teacher.batch={poll_s: 300, cancel_s: 600}"


def hosts_clock(server: Server, monkeypatch: pytest.MonkeyPatch) -> type[datetime]:
    """The only clock there is, as a `datetime`: it stands, but for the waits between two looks at a batch, which cost nothing."""

    class HostTime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> HostTime:
            return cls.fromtimestamp(server.states.clock.now(), tz)

    async def pause(stop: asyncio.Event, seconds: float) -> None:
        server.states.clock.step(seconds)
        if stop.is_set():
            raise Stopped("stopped")

    monkeypatch.setattr(schedule, "datetime", HostTime)
    monkeypatch.setattr(schedule, "pause", pause)
    return HostTime


class Impatient(Silent):
    """Says stop, as the first Ctrl-C does, so long after a batch was submitted."""

    def __init__(self, stop: asyncio.Event, after_s: float) -> None:
        self.stop, self.after_s = stop, after_s

    def say(self, text: str) -> None:
        if "submitted" in text:
            asyncio.get_running_loop().call_later(self.after_s, self.stop.set)


def rows(server: Server, count: int = 80) -> list[Request]:
    messages = [[{"role": "user", "content": f"row {n}"}] for n in range(count)]
    return [Request(server.base_url, {"model": "m", "messages": turns, "max_tokens": 20}) for turns in messages]


async def ask(
    task: Path, server: Server, store: Store, *sets: str, seconds: float | None = None, count: int = 80,
    stop_s: float | None = None, clock: type[datetime] = datetime, **how: Any,
) -> Progress:  # fmt: skip
    """The rows by the way of `auto`, with a deadline so many seconds from now; Ctrl-C so long after the first batch."""
    task = open_task(task, overrides=[*SETS, "teacher.mode=auto", *sets], env={"OPENAI_BASE_URL": server.base_url})
    sender = Sender(
        store=store, run="t/001", budget=Budget(task.spec.budget.usd, store.spent("t/001")),
        watch=how.pop("watch", Silent()), deadline=None if seconds is None else clock.now(UTC) + timedelta(seconds=seconds), **how,
    )  # fmt: skip
    if stop_s is not None:
        sender.watch = Impatient(sender.stop, stop_s)
    return await schedule.send(sender, rows(server, count), task.teachers[0], "teacher")


def all_once(server: Server, store: Store, count: int = 80) -> None:
    assert len(server.ledger.billed) == count
    assert set(server.ledger.billed.values()) == {1}
    assert len(store.held([row.id for row in rows(server, count)])) == count
    assert store.spent("t/001") == pytest.approx(server.ledger.usd)


async def test_with_time_enough_the_bulk_goes_by_batch_after_a_pilot(task: Path, tmp_path: Path) -> None:
    async with double(hurry=72_000) as server:
        with opened(tmp_path / "a.db") as store:
            await ask(task, server, store, seconds=3600, wait=True)
            all_once(server, store)
        assert len(batched(server)) == 80 - schedule.PILOT


async def test_with_no_time_everything_goes_live_at_once(task: Path, tmp_path: Path) -> None:
    async with double() as server:
        with opened(tmp_path / "a.db") as store:
            await ask(task, server, store, seconds=0.4)
            all_once(server, store)
        assert not server.states.batches


@pytest.mark.parametrize("wait", [True, False])
async def test_a_deadline_that_comes_while_a_batch_is_out_is_met(
    task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait: bool
) -> None:
    """Cancelled, its part read and kept, only the rest sent live; also by a command that does not wait."""
    async with double(hours=6.0) as server:
        clock = hosts_clock(server, monkeypatch)
        with opened(tmp_path / "a.db") as store:
            deadline, said = clock.now(UTC) + timedelta(hours=3), Said()
            if not wait:
                with pytest.raises(InBatches):
                    await ask(task, server, store, seconds=3 * 3600, clock=clock)
                server.states.clock.step(2.9 * 3600)
            left = (deadline - clock.now(UTC)).total_seconds()
            await ask(task, server, store, PATIENT, seconds=left, clock=clock, wait=wait, watch=said)
            assert clock.now(UTC) <= deadline
            all_once(server, store)
        assert any("the deadline is near" in line for line in said.lines)
        by_batch = len(batched(server))
        assert 0 < by_batch < 80 - schedule.PILOT
        assert {batch.status for batch in server.states.batches.values()} == {"cancelled"}


async def test_a_batch_that_does_not_end_when_it_is_cancelled_is_left_out(task: Path, tmp_path: Path) -> None:
    """The rest goes live; its own rows are never sent beside it, and a later command brings them home."""
    async with double() as server:
        with opened(tmp_path / "a.db") as store:
            with pytest.raises(InBatches):
                await ask(task, server, store, seconds=3600)
            async with asyncio.timeout(5):
                with pytest.raises(InBatches, match="60 rows are in 5 batches"):
                    await ask(task, server, store, seconds=0.1, count=90)
            assert len(server.ledger.billed) == schedule.PILOT + 10
            server.states.clock.step(3600)
            await ask(task, server, store, seconds=0.1, count=90)
            all_once(server, store, 90)


async def test_ctrl_c_while_waiting_leaves_the_batches_and_submits_no_more(task: Path, tmp_path: Path) -> None:
    async with double() as server:
        with opened(tmp_path / "a.db") as store:
            async with asyncio.timeout(5):
                with pytest.raises(InBatches, match="Run the same command") as left:
                    await ask(task, server, store, "teacher.batch={poll_s: 60}", wait=True, stop_s=0.1)
            assert left.value.exit_code == 130
            assert len(server.states.batches) == 1
            server.states.clock.step(2 * 3600)
            await ask(task, server, store, "teacher.batch={poll_s: 60}")
            all_once(server, store)


async def test_a_wait_that_is_over_by_ctrl_c_makes_no_round_more(task: Path, tmp_path: Path) -> None:
    """Rows that wait for the host's room are not submitted after the user said stop."""
    async with double(hurry=7200, hours=1.0) as server:
        with opened(tmp_path / "a.db") as store:
            sets = "teacher.batch={poll_s: 60, enqueued_tokens: 300}"
            with pytest.raises(InBatches, match="more wait for capacity"):
                await ask(task, server, store, sets, wait=True, stop_s=0.8)
            assert len(server.states.batches) == 1
            server.states.advance()
            assert server.states.batches.popitem()[1].status == "completed"


async def test_batches_stop_at_the_budget(task: Path, tmp_path: Path) -> None:
    """Command after command, as far as it reaches; then exit 5, with nothing out and nothing passed."""
    limit = 0.002
    async with double() as server:
        with opened(tmp_path / "a.db") as store:
            reached = False
            for _ in range(12):
                try:
                    await ask(task, server, store, "teacher.mode=batch", f"budget={{usd: {limit}}}", count=300)
                except InBatches:
                    server.states.clock.step(2 * 3600)
                except BudgetReached as fault:
                    reached = fault.exit_code == 5
                    break
            assert reached
            assert not journal.opened(store)
            assert 0.5 * limit < server.ledger.usd <= limit
            assert store.spent("t/001") == pytest.approx(server.ledger.usd)
            assert set(server.ledger.billed.values()) == {1}


async def test_answers_that_were_cut_off_in_a_batch_are_raised_in_another(task: Path, tmp_path: Path) -> None:
    """`raise_to`: the longer ones go by batch as well, each once."""
    async with double() as server:
        with opened(tmp_path / "a.db") as store:
            task = open_task(
                task,
                overrides=[*SETS, "teacher.mode=batch", "teacher.sampling={max_tokens: 100, raise_to: 200}"],
                env={"OPENAI_BASE_URL": server.base_url},
            )
            teacher, commands = task.teachers[0], 0
            for _ in range(5):
                sender = Sender(store=store, run="t/001", budget=Budget(None), watch=Silent())
                try:
                    await schedule.send(sender, rows(server, 30), teacher, "teacher")
                    break
                except InBatches:
                    commands += 1
                    server.states.clock.step(2 * 3600)
                    server.states.advance()
                    for batch in list(server.states.batches.values())[:1]:
                        assert batch.output is not None
                        batch.output.data = batch.output.data.replace(b'"stop"', b'"length"')
            assert commands == 2
            assert sorted(batch.total for batch in server.states.batches.values()) == [6, 12, 12, 12]
            assert set(server.ledger.billed.values()) == {1}
