"""Batches one after another without an answer are counted by the journal: each command may be a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from rounds import ROWS, RUN, double, requests, session_at

from distill.errors import RowsOwed
from distill.teacher.batch import empty_batches, journal
from distill.teacher.batch.files.input_file import BatchLimits
from distill.teacher.batch.round import run_round
from distill.teacher.store.store import opened
from distill.testing.fault_server import Server


async def commands(server: Server, path: Path, count: int, *, attempts: int = 3, rows: int = 30) -> list[str]:
    """Rounds as cron gives them, each with a store and a session of its own: what each was stopped by."""
    stopped = []
    for _ in range(count):
        with opened(path) as store:
            async with session_at(server.base_url, store, attempts=attempts) as session:
                try:
                    await run_round(session, requests(30)[:rows] if rows > 0 else requests(60)[30:])
                except RowsOwed as fault:
                    stopped.append(str(fault))
        server.states.clock.step(2 * 3600)
    return stopped


@pytest.mark.parametrize("batch_fault", ["expired", "cancelled"])
async def test_by_cron_a_host_is_asked_no_more_too(tmp_path: Path, batch_fault: str) -> None:
    """Three batches out together end as one: so many groups as a row has attempts, and no more."""
    async with double(batch_fault, window_hours=1.5) as server:
        stopped = await commands(server, tmp_path / "answers.db", 9)
        assert len(server.states.batches) == 3 * 3
        assert all("3 batches in a row gave no answer" in line for line in stopped)
        assert len(stopped) >= 5
        assert server.ledger.usd == 0


async def test_a_changed_spec_more_attempts_or_a_day_give_it_another_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "answers.db"
    async with double("expired", window_hours=1.5) as server:
        await commands(server, path, 9)
        before = len(server.states.batches)
        await commands(server, path, 1, rows=0)
        assert len(server.states.batches) > before, "other rows are another matter"
        await commands(server, path, 1)
        before = len(server.states.batches)
        await commands(server, path, 1, attempts=9)
        assert len(server.states.batches) > before
        await commands(server, path, 2)
        before = len(server.states.batches)
        await commands(server, path, 1)
        assert len(server.states.batches) == before
        monkeypatch.setattr(empty_batches, "_REST_S", 0.0)
        await commands(server, path, 1)
        assert len(server.states.batches) > before


async def test_an_answer_ends_the_count(tmp_path: Path) -> None:
    """Two empty ones, one that answers a part, and again: it is never asked too little."""
    async with double("expired@1", "expired@2", "expired@3=0.5", window_hours=1.5) as server:
        with opened(tmp_path / "answers.db") as store:
            for _ in range(8):
                async with session_at(server.base_url, store, attempts=3, limits=BatchLimits()) as session:
                    await run_round(session, ROWS)
                    found = empty_batches.streak(session)
                server.states.clock.step(2 * 3600)
            assert found == empty_batches.Streak()
            assert store.ledger(RUN)[0].answered == 30
            assert not journal.opened(store)
