"""Live, batch and auto are three ways to one dataset: no row goes two ways, whoever else is asked and however often the way is changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from by_batch import DATASET, batched, double, run

from distill.errors import RowsOwed
from distill.task.run import ORDER
from distill.teacher import schedule
from distill.teacher.batch import journal
from distill.teacher.schedule import InBatches
from distill.teacher.store.store import opened
from distill.testing.fault_server import serve


@pytest.mark.parametrize("batch_faults", [(), ("expired@30%=0.3", "shuffled", "duplicate-rows=0.2", "create-lost@2")])
async def test_the_three_ways_end_in_the_same_bytes(
    task: Path, batch_faults: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files that a student learns from, of a run in mode live, batch and auto."""
    monkeypatch.setattr(schedule, "PILOT", 4)
    files = {}
    async with double(*batch_faults, hurry=72_000, window_hours=3.0) as server:
        for mode in ("live", "batch", "auto"):
            server.ledger.entries.clear()
            result = await run(task, server, mode, home=mode, wait=True, stages=ORDER)
            assert result.exit_code == 0
            files[mode] = [(result.folder / name).read_bytes() for name in DATASET]
            assert set(server.ledger.billed.values()) == {1}
            assert bool(batched(server)) == (mode != "live")
            assert all(entry.batch for entry in server.ledger.entries) == (mode == "batch")
            assert result.usd == pytest.approx(server.ledger.usd)
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
        server.states.clock.step(2 * 3600)
        result = await run(task, server, "live")
        assert result.exit_code == 0
        assert set(server.ledger.billed.values()) == {1}
        assert batched(server)
        assert not batched(server) & first, "a row that was answered live went into a batch"
        assert result.usd == pytest.approx(server.ledger.usd)


async def test_without_wait_a_night_is_left_and_found_again(task: Path) -> None:
    """Command after command, as cron gives them: each collects what is there and submits what is owed."""
    async with double("expired@1=0.5", window_hours=3.0) as server:
        commands, result = 0, None
        while result is None:
            commands += 1
            try:
                result = await run(task, server, "batch", stages=ORDER)
            except InBatches:
                server.states.clock.step(2 * 3600)
        assert 2 < commands < 10
        assert result.exit_code == 0
        assert set(server.ledger.billed.values()) == {1}
        assert not any(entry for entry in server.ledger.entries if not entry.batch)
        assert (await run(task, server, "batch", stages=ORDER)).requests_sent == 0


async def test_what_a_batch_fails_goes_to_the_next_teacher(task: Path) -> None:
    """A chain whose first link asks by batch: the rows it refuses are asked live of the second, and no others."""
    async with double("error-rows=0.4", hurry=72_000) as first, serve() as second:
        chain = f"teacher.fallback=[{{model: second, base_url: '{second.base_url}', price: {{input: 1, output: 1}}}}]"
        result = await run(task, first, "batch", chain, wait=True)
        assert (result.exit_code, result.pending) == (0, 0)
        assert second.ledger.billed
        assert not first.ledger.sends
        assert {*first.ledger.billed.values(), *second.ledger.billed.values()} == {1}
        assert result.usd == pytest.approx(first.ledger.usd + second.ledger.usd)


async def test_batches_of_a_spec_that_changed_meanwhile_come_home(task: Path) -> None:
    """They are paid for: their answers are kept though the new prompt asks for others."""
    async with double() as server:
        with pytest.raises(InBatches):
            await run(task, server, "batch")
        (task.parent / "teacher.md").write_text("Name the mood.\n[user]\n{{message}}\n")
        for _ in range(5):
            server.states.clock.step(2 * 3600)
            try:
                result = await run(task, server, "batch")
                break
            except InBatches:
                pass
        with opened(task.parent / "home" / ".distill" / "answers.db") as store:
            assert not journal.opened(store)
            assert store.query("SELECT count(*) FROM answers").fetchone()[0] == len(server.ledger.billed)
        assert set(server.ledger.billed.values()) == {1}
        assert result.usd == pytest.approx(server.ledger.usd)


async def test_a_new_run_takes_over_the_batches_of_the_one_before(task: Path) -> None:
    """Nobody goes on with an older run: its batches would stay at the host for ever, and their rows with them."""
    async with double() as server:
        with pytest.raises(InBatches):
            await run(task, server, "batch")
        with pytest.raises(InBatches):
            await run(task, server, "batch", new=True)
        server.states.clock.step(2 * 3600)
        result = await run(task, server, "batch")
        assert (result.name, result.exit_code) == ("mood/002", 0)
        assert set(server.ledger.billed.values()) == {1}
        assert result.usd == pytest.approx(server.ledger.usd)


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
        assert result.exit_code == 0
        with opened(task.parent / "home" / ".distill" / "answers.db") as store:
            batches = journal.of_run(store, result.name)
        assert {batch.state for batch in batches} == {"collected"}
        assert all(entry.batch for entry in server.ledger.entries)
        assert set(server.ledger.billed.values()) == {1}
        assert result.usd == pytest.approx(server.ledger.usd)


async def test_a_panel_may_ask_one_teacher_by_batch_and_another_live(task: Path) -> None:
    """At the same time, out of one budget; each row once with each."""
    async with double(hurry=72_000) as first, serve() as second:
        panel = f"teacher.panel=[{{model: second, base_url: '{second.base_url}', price: {{input: 1, output: 1}}, mode: live}}]"
        result = await run(task, first, "batch", panel, wait=True)
        assert result.exit_code == 0
        assert not first.ledger.sends
        assert not second.ledger.bills
        assert {*first.ledger.billed.values(), *second.ledger.billed.values()} == {1}
        assert len(first.ledger.billed) == len(second.ledger.billed)
        assert result.usd == pytest.approx(first.ledger.usd + second.ledger.usd)
