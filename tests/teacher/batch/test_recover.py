"""A batch that the host does not know any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plain_host
import pytest
from accounts import cleaned_up
from rounds import ROWS, RUN, double, requests, session_at, to_the_end

from distill.teacher.batch import journal
from distill.teacher.batch.files.input_file import BatchLimits
from distill.teacher.batch.round import run_round
from distill.teacher.store.store import opened


async def test_a_batch_that_is_deleted_at_the_host_is_waited_for_and_then_given_up(tmp_path: Path) -> None:
    """For `lost_s` it may come back; then its rows are booked at their most, as nobody knows, and sent again."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store, lost_s=3600.0) as session:
                await run_round(session, ROWS)
                del server.states.batches[next(iter(server.states.batches))]
                for _ in range(3):
                    server.states.clock.step(3600)
                    await run_round(session, ROWS)
                assert len(session.out) == 1
                assert store.ledger(RUN)[0].answered == 18
            async with session_at(server.base_url, store, lost_s=0.0) as session:
                await to_the_end(session, server, ROWS)
                assert session.budget.spent == pytest.approx(store.spent(RUN))
            (spend,) = store.ledger(RUN)
            assert (spend.answered, spend.estimated) == (30, 12)
            cleaned_up(server, store)


@pytest.mark.parametrize(
    "how",
    [
        {"metadata": False},
        {"metadata": False, "page": 2},
        {"metadata": False, "oldest_first": True},
        {"metadata": False, "oldest_first": True, "page": 3},
        {"metadata": True, "page": 2, "oldest_first": True},
        {"garbled": (b"", "application/json")},
        {"garbled": (b'{"id": "batch_', "application/json")},
        {"garbled": (b"\xff\xfe", "application/json")},
        {"garbled": (b'"made"', "application/json")},
        {"garbled": (b"<html>made</html>", "text/html"), "metadata": False},
    ],
    ids=str,
)
async def test_a_batch_whose_create_was_lost_is_found_without_metadata(tmp_path: Path, how: dict[str, Any]) -> None:
    """By the file that it was made of, in a list of any order and any size of pages: one batch, paid once."""
    async with plain_host.serve(**how) as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store, limits=BatchLimits(rows=4), run="other/001") as session:
                await run_round(session, requests(40)[30:] + requests(48)[40:])  # what is in the list beside ours
            before = len(host.batches)
            host.lost_create = True
            async with session_at(host.base_url, store, limits=BatchLimits(rows=15)) as session:
                await run_round(session, ROWS)
                assert {batch.state for batch in session.out} == {"creating"}
            host.lost_create = False
            async with session_at(host.base_url, store, limits=BatchLimits(rows=15)) as session:
                for _ in range(4):
                    await run_round(session, ROWS)
                assert not session.out
            assert len(host.batches) == before + 2
            assert host.uploads == before + 2
            assert set(host.billed.values()) == {1}
            assert store.ledger(RUN)[0].answered == 30


async def test_a_host_that_gives_the_same_page_for_ever_is_left(tmp_path: Path) -> None:
    """A batch that was never made is not looked for without end."""
    async with plain_host.serve(metadata=False, page=1, same_page=True) as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store) as session:
                await run_round(session, ROWS[:1])
                assert not await session.host.find("nobody", "file-99")


async def test_where_no_batches_are_listed_a_create_without_a_reply_is_perhaps_billed(tmp_path: Path) -> None:
    """Nobody can know: its rows wait for `lost_s`, are booked at their most, and asked again."""
    async with plain_host.serve(lists=False, lost_create=True) as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store, limits=BatchLimits(), lost_s=3600.0) as session:
                for _ in range(3):
                    await run_round(session, ROWS)
                assert len(host.batches) == len(journal.opened(store)) == 1
            host.lost_create = False
            async with session_at(host.base_url, store, limits=BatchLimits(), lost_s=0.0) as session:
                for _ in range(4):
                    await run_round(session, ROWS)
            (spend,) = store.ledger(RUN)
            assert (spend.answered, spend.estimated) == (30, 30)
