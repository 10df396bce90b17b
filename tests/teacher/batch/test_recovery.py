"""A batch that the host does not know any more."""

from __future__ import annotations

from pathlib import Path

import pytest
from accounts import cleaned_up
from rounds import ROWS, RUN, double, night_at, to_the_end

from distill.teacher.store import opened


async def test_a_batch_that_is_deleted_at_the_host_is_waited_for_and_then_given_up(tmp_path: Path) -> None:
    """For `lost_s` it may come back; then its rows are booked at their most, as nobody knows, and sent again."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with night_at(server.base_url, store, lost_s=3600.0) as night:
                await night.round(ROWS)
                del server.desk.batches[next(iter(server.desk.batches))]
                for _ in range(3):
                    server.desk.clock.step(3600)
                    await night.round(ROWS)
                assert len(night.out) == 1
                assert store.ledger(RUN)[0].answered == 18
            async with night_at(server.base_url, store, lost_s=0.0) as night:
                await to_the_end(night, server, ROWS)
                assert night.budget.spent == pytest.approx(store.spent(RUN))
            (spend,) = store.ledger(RUN)
            assert (spend.answered, spend.estimated) == (30, 12)
            cleaned_up(server, store)
