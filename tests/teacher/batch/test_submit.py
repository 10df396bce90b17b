"""What is owed goes into batches as far as the budget and the host let it."""

from __future__ import annotations

from pathlib import Path

import pytest
from accounts import cleaned_up, paid_once
from rounds import ROWS, RUN, double, session_at, to_the_end

from distill.errors import BudgetReached, RowsOwed
from distill.money import Budget
from distill.teacher.batch.files.input_file import BatchLimits
from distill.teacher.batch.round import run_round
from distill.teacher.store.store import opened


async def test_a_setting_that_the_host_refuses_stops_at_once(tmp_path: Path) -> None:
    """A create with a 400 was certainly not made: its rows are owed, nothing is out, no file stays."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store, url="/v1/embeddings") as session:
                with pytest.raises(RowsOwed, match="is not one of"):
                    await run_round(session, ROWS)
                assert not session.out
            assert store.spent(RUN) == 0
            cleaned_up(server, store)


async def test_batches_wait_for_the_budget_and_never_pass_it(tmp_path: Path) -> None:
    """Rows that do not fit wait while others are out; when nothing is out the budget is reached."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store) as session:
                worst = sum(session.worst(request)[1] for request in ROWS)
            limit = worst / 3
            async with session_at(server.base_url, store, budget=Budget(limit)) as session:
                await run_round(session, ROWS)
                assert 0 < session.waiting < 30
                assert store.spent(RUN) == pytest.approx(session.budget.spent)
                with pytest.raises(BudgetReached, match="Raise budget"):
                    await to_the_end(session, server, ROWS)
                assert not session.out
            assert server.ledger.usd <= limit
            assert store.spent(RUN) == pytest.approx(server.ledger.usd)
            paid_once(server, store, "")
            cleaned_up(server, store)


async def test_one_row_that_is_larger_than_any_file_is_the_hosts_to_refuse(tmp_path: Path) -> None:
    """It goes alone, and does not hold up the others."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store, limits=BatchLimits(bytes=100)) as session:
                await to_the_end(session, server, ROWS[:3])
        assert [batch.total for batch in server.states.batches.values()] == [1, 1, 1]
