"""Live, batch and auto are three ways to one dataset: no row goes two ways, and a night is over by its deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from distill.errors import BudgetReached, RowsOwed
from distill.flow import overnight, running
from distill.flow.asking import Sender
from distill.flow.opening import open_project
from distill.flow.overnight import InBatches
from distill.flow.stages import ORDER
from distill.flow.watch import Silent
from distill.money import Budget
from distill.records import Request
from distill.teacher.batch import book
from distill.teacher.store import Store, opened
from distill.teacher.tally import Tally
from distill.testing.batch.desk import BatchScript
from distill.testing.batch.faults import trap
from distill.testing.fault_server import Script, Server, serve

DATASET = ("train.jsonl", "valid.jsonl", "test.jsonl")
SETS = (
    "teacher.model=m", "teacher.price={input: 1, output: 1}", "gates=[finish_reason]",
    "teacher.batch={poll_s: 0.02, cancel_s: 0.5, grace_s: 0, lost_s: 0, rows: 12}",
)  # fmt: skip

PATIENT = "teacher.batch={poll_s: 0.02, cancel_s: 1.5}"


def double(*traps: str, hurry: float = 0.0, seed: int = 7, **script: Any) -> Any:
    return serve(Script(seed=seed, batch=BatchScript(hurry=hurry, traps=tuple(map(trap, traps)), **script)))


async def run(task: Path, server: Server, mode: str, *sets: str, home: str = "home", **how: Any) -> dict[str, Any]:
    project = open_project(
        task, overrides=[*SETS, f"teacher.mode={mode}", *sets], env={"OPENAI_BASE_URL": server.base_url},
        home=task.parent / home,
    )  # fmt: skip
    return await running.work(project, stages=how.pop("stages", ORDER[:3]), watch=how.pop("watch", Silent()), **how)


class Said(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


class Impatient(Silent):
    """Says stop, as the first Ctrl-C does, so long after a batch was submitted."""

    def __init__(self, stop: asyncio.Event, after_s: float) -> None:
        self.stop, self.after_s = stop, after_s

    def say(self, text: str) -> None:
        if "submitted" in text:
            asyncio.get_running_loop().call_later(self.after_s, self.stop.set)


def batched(server: Server) -> set[str]:
    """The rows that were billed in a batch."""
    return {entry.key for entry in server.ledger.entries if entry.batch and entry.billed}


@pytest.mark.parametrize("traps", [(), ("expired@30%=0.3", "shuffled", "duplicate-rows=0.2", "create-lost@2")])
async def test_the_three_ways_end_in_the_same_bytes(
    task: Path, traps: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files that a student learns from, of a run in mode live, batch and auto."""
    monkeypatch.setattr(overnight, "PILOT", 4)
    files = {}
    async with double(*traps, hurry=72_000, window_hours=3.0) as server:
        for mode in ("live", "batch", "auto"):
            server.ledger.entries.clear()
            result = await run(task, server, mode, home=mode, wait=True, stages=ORDER)
            assert result["exit"] == 0
            files[mode] = [(Path(result["folder"]) / name).read_bytes() for name in DATASET]
            assert set(server.ledger.billed.values()) == {1}
            assert bool(batched(server)) == (mode != "live")
            assert all(entry.batch for entry in server.ledger.entries) == (mode == "batch")
            assert result["usd"] == pytest.approx(server.ledger.usd)
    assert all(len(data) > 100 for data in files["live"])
    assert files["batch"] == files["live"]
    assert files["auto"] == files["live"]


async def test_a_row_goes_one_way_however_often_the_mode_is_changed(task: Path) -> None:
    """Some live, the rest by batch, live again while it is out: what is in it is waited for, and nothing else is sent."""
    async with double() as server:
        await run(task, server, "live", "dataset.accept=5")
        first = set(server.ledger.billed)
        with pytest.raises(InBatches, match="at the host") as left:
            await run(task, server, "batch")
        assert left.value.exit_code == 3
        with pytest.raises(InBatches):
            await run(task, server, "live")
        assert set(server.ledger.billed) == first, "a row in a batch was sent live"
        server.desk.clock.step(2 * 3600)
        result = await run(task, server, "live")
        assert result["exit"] == 0
        assert set(server.ledger.billed.values()) == {1}
        assert batched(server)
        assert not batched(server) & first, "a row that was answered live went into a batch"
        assert result["usd"] == pytest.approx(server.ledger.usd)


async def test_without_wait_a_night_is_left_and_found_again(task: Path) -> None:
    """Command after command, as cron gives them: each collects what is there and submits what is owed."""
    async with double("expired@1=0.5", window_hours=3.0) as server:
        commands, result = 0, None
        while result is None:
            commands += 1
            try:
                result = await run(task, server, "batch", stages=ORDER)
            except InBatches:
                server.desk.clock.step(2 * 3600)
        assert 2 < commands < 10
        assert result["exit"] == 0
        assert set(server.ledger.billed.values()) == {1}
        assert not any(entry for entry in server.ledger.entries if not entry.batch)
        assert (await run(task, server, "batch", stages=ORDER))["requests_sent"] == 0


def rows(server: Server, count: int = 80) -> list[Request]:
    messages = [[{"role": "user", "content": f"row {n}"}] for n in range(count)]
    return [Request(server.base_url, {"model": "m", "messages": turns, "max_tokens": 20}) for turns in messages]


async def ask(
    task: Path, server: Server, store: Store, *sets: str, seconds: float | None = None, count: int = 80,
    stop_s: float | None = None, **how: Any,
) -> Tally:  # fmt: skip
    """The rows by the way of `auto`, with a deadline so many seconds from now; Ctrl-C so long after the first batch."""
    project = open_project(
        task, overrides=[*SETS, "teacher.mode=auto", *sets], env={"OPENAI_BASE_URL": server.base_url}
    )
    sender = Sender(
        store=store, run="t/001", budget=Budget(project.spec.budget.usd, store.spent("t/001")),
        watch=how.pop("watch", Silent()), deadline=None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds), **how,
    )  # fmt: skip
    if stop_s is not None:
        sender.watch = Impatient(sender.stop, stop_s)
    return await sender.send(rows(server, count), project.teachers[0], "teacher")


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
        assert len(batched(server)) == 80 - overnight.PILOT


async def test_with_no_time_everything_goes_live_at_once(task: Path, tmp_path: Path) -> None:
    async with double() as server:
        with opened(tmp_path / "a.db") as store:
            await ask(task, server, store, seconds=0.4)
            all_once(server, store)
        assert not server.desk.batches


@pytest.mark.parametrize("wait", [True, False])
async def test_a_deadline_that_comes_while_a_batch_is_out_is_met(task: Path, tmp_path: Path, wait: bool) -> None:
    """Cancelled, its part read and kept, only the rest sent live; also by a command that does not wait."""
    async with double(hurry=3600, hours=6.0) as server:
        with opened(tmp_path / "a.db") as store:
            began, said = datetime.now(UTC), Said()
            if not wait:
                with pytest.raises(InBatches):
                    await ask(task, server, store, seconds=3600)
                await asyncio.sleep(1.5)
            seconds = 3.5 if wait else 0.5
            await ask(task, server, store, PATIENT, seconds=seconds, wait=wait, watch=said)
            assert not wait or (datetime.now(UTC) - began).total_seconds() < 3.5
            all_once(server, store)
        assert any("the deadline is near" in line for line in said.lines)
        by_batch = len(batched(server))
        assert 0 < by_batch < 80 - overnight.PILOT
        assert {batch.status for batch in server.desk.batches.values()} == {"cancelled"}


async def test_a_batch_that_does_not_end_when_it_is_cancelled_is_left_out(task: Path, tmp_path: Path) -> None:
    """The rest goes live; its own rows are never sent beside it, and a later command brings them home."""
    async with double() as server:
        with opened(tmp_path / "a.db") as store:
            with pytest.raises(InBatches):
                await ask(task, server, store, seconds=3600)
            async with asyncio.timeout(5):
                with pytest.raises(InBatches, match="60 rows are in 5 batches"):
                    await ask(task, server, store, seconds=0.1, count=90)
            assert len(server.ledger.billed) == overnight.PILOT + 10
            server.desk.clock.step(3600)
            await ask(task, server, store, seconds=0.1, count=90)
            all_once(server, store, 90)


async def test_ctrl_c_while_waiting_leaves_the_batches_and_submits_no_more(task: Path, tmp_path: Path) -> None:
    async with double() as server:
        with opened(tmp_path / "a.db") as store:
            async with asyncio.timeout(5):
                with pytest.raises(InBatches, match="Run the same command") as left:
                    await ask(task, server, store, "teacher.batch={poll_s: 60}", wait=True, stop_s=0.1)
            assert left.value.exit_code == 130
            assert len(server.desk.batches) == 1
            server.desk.clock.step(2 * 3600)
            await ask(task, server, store, "teacher.batch={poll_s: 60}")
            all_once(server, store)


async def test_a_wait_that_is_over_by_ctrl_c_makes_no_round_more(task: Path, tmp_path: Path) -> None:
    """Rows that wait for the host's room are not submitted after the user said stop."""
    async with double(hurry=7200, hours=1.0) as server:
        with opened(tmp_path / "a.db") as store:
            sets = "teacher.batch={poll_s: 60, enqueued_tokens: 300}"
            with pytest.raises(InBatches, match="more wait for room"):
                await ask(task, server, store, sets, wait=True, stop_s=0.8)
            assert len(server.desk.batches) == 1
            server.desk.advance()
            assert server.desk.batches.popitem()[1].status == "completed"


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
                    server.desk.clock.step(2 * 3600)
                except BudgetReached as fault:
                    reached = fault.exit_code == 5
                    break
            assert reached
            assert not book.opened(store)
            assert 0.5 * limit < server.ledger.usd <= limit
            assert store.spent("t/001") == pytest.approx(server.ledger.usd)
            assert set(server.ledger.billed.values()) == {1}


async def test_answers_that_were_cut_off_in_a_batch_are_raised_in_another(task: Path, tmp_path: Path) -> None:
    """`raise_to`: the longer ones go by batch as well, each once."""
    async with double() as server:
        with opened(tmp_path / "a.db") as store:
            project = open_project(
                task,
                overrides=[*SETS, "teacher.mode=batch", "teacher.sampling={max_tokens: 100, raise_to: 200}"],
                env={"OPENAI_BASE_URL": server.base_url},
            )
            teacher, commands = project.teachers[0], 0
            for _ in range(5):
                sender = Sender(store=store, run="t/001", budget=Budget(None), watch=Silent())
                try:
                    await sender.send(rows(server, 30), teacher, "teacher")
                    break
                except InBatches:
                    commands += 1
                    server.desk.clock.step(2 * 3600)
                    server.desk.advance()
                    for batch in list(server.desk.batches.values())[:1]:
                        assert batch.output is not None
                        batch.output.data = batch.output.data.replace(b'"stop"', b'"length"')
            assert commands == 2
            assert sorted(batch.total for batch in server.desk.batches.values()) == [6, 12, 12, 12]
            assert set(server.ledger.billed.values()) == {1}


async def test_what_a_batch_fails_goes_to_the_next_teacher(task: Path) -> None:
    """A chain whose first link asks by batch: the rows it refuses are asked live of the second, and no others."""
    async with double("error-rows=0.4", hurry=72_000) as first, serve() as second:
        chain = f"teacher.fallback=[{{model: second, base_url: '{second.base_url}', price: {{input: 1, output: 1}}}}]"
        result = await run(task, first, "batch", chain, wait=True)
        assert (result["exit"], result["owed"]) == (0, 0)
        assert second.ledger.billed
        assert not first.ledger.sends
        assert {*first.ledger.billed.values(), *second.ledger.billed.values()} == {1}
        assert result["usd"] == pytest.approx(first.ledger.usd + second.ledger.usd)


async def test_batches_of_a_spec_that_changed_meanwhile_come_home(task: Path) -> None:
    """They are paid for: their answers are kept though the new prompt asks for others."""
    async with double() as server:
        with pytest.raises(InBatches):
            await run(task, server, "batch")
        (task.parent / "teacher.md").write_text("Name the mood.\n[user]\n{{message}}\n")
        for _ in range(5):
            server.desk.clock.step(2 * 3600)
            try:
                result = await run(task, server, "batch")
                break
            except InBatches:
                pass
        with opened(task.parent / "home" / ".distill" / "answers.db") as store:
            assert not book.opened(store)
            assert store.query("SELECT count(*) FROM answers").fetchone()[0] == len(server.ledger.billed)
        assert set(server.ledger.billed.values()) == {1}
        assert result["usd"] == pytest.approx(server.ledger.usd)


async def test_a_new_run_takes_over_the_batches_of_the_one_before(task: Path) -> None:
    """Nobody goes on with an older run: its batches would stay at the host for ever, and their rows with them."""
    async with double() as server:
        with pytest.raises(InBatches):
            await run(task, server, "batch")
        with pytest.raises(InBatches):
            await run(task, server, "batch", new=True)
        server.desk.clock.step(2 * 3600)
        result = await run(task, server, "batch")
        assert (result["run"], result["exit"]) == ("mood/002", 0)
        assert set(server.ledger.billed.values()) == {1}
        assert result["usd"] == pytest.approx(server.ledger.usd)


async def test_a_host_that_takes_no_batch_stops_the_command(task: Path) -> None:
    async with double("token-limit", hurry=72_000) as server:
        with pytest.raises(RowsOwed, match=r"no answer|refuses the batch"):
            await run(task, server, "batch", "teacher.batch={poll_s: 0.01}", wait=True)


async def test_the_comparison_asks_the_teacher_by_batch_too(task: Path) -> None:
    """Also as a command of its own after the dataset; every row once."""
    async with double(hurry=72_000) as server:
        await run(task, server, "batch", wait=True)
        before = len(server.ledger.billed)
        result = await run(task, server, "batch", stages=ORDER, wait=True)
        assert len(server.ledger.billed) > before
        assert result["exit"] == 0
        with opened(task.parent / "home" / ".distill" / "answers.db") as store:
            batches = book.of_run(store, result["run"])
        assert {batch.state for batch in batches} == {"collected"}
        assert all(entry.batch for entry in server.ledger.entries)
        assert set(server.ledger.billed.values()) == {1}
        assert result["usd"] == pytest.approx(server.ledger.usd)


async def test_a_panel_may_ask_one_teacher_by_batch_and_another_live(task: Path) -> None:
    """At the same time, out of one budget; each row once with each."""
    async with double(hurry=72_000) as first, serve() as second:
        panel = f"teacher.panel=[{{model: second, base_url: '{second.base_url}', price: {{input: 1, output: 1}}, mode: live}}]"
        result = await run(task, first, "batch", panel, wait=True)
        assert result["exit"] == 0
        assert not first.ledger.sends
        assert not second.ledger.bills
        assert {*first.ledger.billed.values(), *second.ledger.billed.values()} == {1}
        assert len(first.ledger.billed) == len(second.ledger.billed)
        assert result["usd"] == pytest.approx(first.ledger.usd + second.ledger.usd)
