"""What hosts say of batches and files, with all that they leave out, and in words of their own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import plain_host
import pytest
from openai.types import Batch as Found
from openai.types import FileObject
from rounds import ROWS, RUN, double, session_at

from distill.protocol.job_states import State
from distill.teacher.batch import journal
from distill.teacher.batch.files.input_file import BatchLimits
from distill.teacher.batch.host.state import of_batch, of_upload
from distill.teacher.batch.round import run_round
from distill.teacher.store.store import opened


@pytest.mark.parametrize(
    ("told", "state", "counts"),
    [
        ({"id": "b", "status": "COMPLETED", "request_counts": {"total": 3, "completed": 2, "failed": 1}}, State.COMPLETED, (2, 1)),
        ({"id": "b", "status": "canceled", "request_counts": None}, State.CANCELLED, (0, 0)),
        ({"id": "b", "status": "JOB_STATE_RUNNING", "request_counts": {"completed": "many"}}, State.GOING, (0, 0)),
        ({"id": "b", "status": None, "metadata": "none", "request_counts": {"completed": -1}}, State.UNKNOWN, (0, 0)),
        ({"id": "b", "errors": {"data": None}, "request_counts": {"completed": True}}, State.UNKNOWN, (0, 0)),
        ({"id": "b", "status": 7, "errors": {"data": [{"line": "x", "code": None}]}}, State.UNKNOWN, (0, 0)),
        ({}, State.UNKNOWN, (0, 0)),
    ],
)  # fmt: skip
def test_a_batch_is_read_whatever_is_missing(told: dict[str, Any], state: State, counts: tuple[int, int]) -> None:
    look = of_batch(Found.construct(**told))
    assert (look.state, (look.done, look.failed)) == (state, counts)
    assert (look.key, look.output_file_id) == ("", None)


@pytest.mark.parametrize(
    ("told", "state", "size"),
    [
        ({"id": "f", "bytes": 12, "status": "processed"}, State.COMPLETED, 12),
        ({"id": "f", "bytes": 0}, State.COMPLETED, None),
        ({"id": "f", "bytes": None, "status": "Pending"}, State.GOING, None),
        ({}, State.COMPLETED, None),
    ],
)
def test_a_file_is_read_whatever_is_missing(told: dict[str, Any], state: State, size: int | None) -> None:
    look = of_upload(FileObject.construct(**told))
    assert (look.state, look.bytes) == (state, size)


async def test_a_word_that_no_table_knows_is_named_and_waited_for_until_the_window_is_over(tmp_path: Path) -> None:
    """Then what is there is collected: a paid row is kept whatever its batch is called."""
    said: list[str] = []
    words = {"in_progress": "mulling", "completed": "mulled"}
    async with plain_host.serve(words=words) as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store, limits=BatchLimits(), say=said.append) as session:
                for _ in range(4):
                    await run_round(session, ROWS)
                (batch,) = session.out
                await journal.note(store, batch.key, submitted="2026-01-01T00:00:00.000+00:00")
                await run_round(session, ROWS)
                assert not session.out
            assert store.ledger(RUN)[0].answered == 30
            assert (len(host.batches), set(host.billed.values())) == (1, {1})
    assert [line.split(": ", 1)[1].split(" (")[0] for line in said if "unknown state" in line] == ["mulling", "mulled"]


async def test_the_batch_of_another_run_is_booked_there_and_its_budget_is_not_ours(tmp_path: Path) -> None:
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store, run="other/001", limits=BatchLimits()) as session:
                await run_round(session, ROWS)
            server.states.clock.step(2 * 3600)
            async with session_at(server.base_url, store) as session:
                before = session.budget.spent
                await run_round(session, ROWS[:5])
                assert (session.budget.spent, session.progress.usd) == (before, 0)
                assert (session.progress.replayed, session.progress.answered, session.progress.waiting) == (5, 0, 0)
            assert store.spent("other/001") == pytest.approx(server.ledger.usd)
            assert store.spent(RUN) == 0
            assert set(server.ledger.billed.values()) == {1}


async def test_the_batch_of_another_run_is_looked_at_as_it_is_once_the_run_is_held(tmp_path: Path) -> None:
    """Its process was just making it when it was listed: what went on since counts, or it would be made twice."""
    async with double() as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store, run="other/001", limits=BatchLimits()) as session:
                await run_round(session, ROWS)
                (batch,) = session.out
            await journal.note(store, batch.key, state="made", batch_id=None)

            @contextmanager
            def claim(run: str) -> Iterator[bool]:
                assert run == "other/001"
                with sqlite3.connect(store.path) as db:  # the other process, a moment ago
                    db.execute("UPDATE batches SET state='submitted', batch_id=?", (batch.batch_id,))
                db.close()
                yield True

            async with session_at(server.base_url, store, claim=claim) as session:
                await run_round(session, ROWS)
                assert [one.state for one in session.others()] == ["submitted"]
                server.states.clock.step(2 * 3600)
                await run_round(session, ROWS)
            assert len(server.states.batches) == 1
            assert len(store.held([one.id for one in ROWS])) == 30
