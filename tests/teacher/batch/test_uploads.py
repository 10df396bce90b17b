"""A host that reads a file only after its upload: it is waited for, and the upload serves the next round too."""

from __future__ import annotations

import asyncio
from pathlib import Path

import plain_host
import pytest
from rounds import ROWS, RUN, requests, session_at

from distill.errors import RowsOwed
from distill.teacher.batch import uploads
from distill.teacher.batch.files.input_file import BatchLimits
from distill.teacher.batch.round import run_round
from distill.teacher.batch.session import BatchSession
from distill.teacher.endpoint.stopping import Stopped
from distill.teacher.store.store import opened


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_FIRST_S", 0.01)


async def to_the_end(session: BatchSession) -> None:
    for _ in range(6):
        await run_round(session, ROWS)
        if not session.out and not session.waiting:
            return
    raise AssertionError("no end")


@pytest.mark.parametrize("word", ["pending", "PENDING", "Processing", "notRunning", "in-progress", "mulling"])
async def test_a_pending_file_is_waited_for_in_one_command(tmp_path: Path, word: str) -> None:
    """Whatever the word, also one that no table knows; no create is sent before."""
    async with plain_host.serve(pending=4, unread_word=word) as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store, limits=BatchLimits()) as session:
                await to_the_end(session)
            assert store.ledger(RUN)[0].answered == 30
            assert (host.uploads, len(host.batches), host.refused_creates) == (1, 1, 0)


async def test_a_word_for_a_read_file_that_is_not_true_yet_is_mended_by_the_hosts_refusal(tmp_path: Path) -> None:
    """Many hosts say `uploaded` for ever, this one while it reads: its 400 says so, and nothing was made."""
    async with plain_host.serve(pending=6, unread_word="uploaded") as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store, limits=BatchLimits()) as session:
                await to_the_end(session)
            assert store.ledger(RUN)[0].answered == 30
            assert (host.uploads, len(host.batches)) == (1, 1)
            assert host.refused_creates > 0


async def test_the_same_upload_serves_the_next_command(tmp_path: Path) -> None:
    """The wait of one command is over: a line says so, the next ones go on, and nothing is uploaded again."""
    said: list[str] = []
    async with plain_host.serve(pending=5) as host:
        with opened(tmp_path / "answers.db") as store:
            for _ in range(8):
                async with session_at(
                    host.base_url, store, limits=BatchLimits(), file_s=0.0, lost_s=60.0, say=said.append
                ) as session:
                    await run_round(session, ROWS)
                    if not session.out:
                        break
            assert store.ledger(RUN)[0].answered == 30
            assert (host.uploads, len(host.batches)) == (1, 1)
    assert any("has not read the file of 30 rows yet (pending)" in line for line in said)


async def test_an_upload_whose_rows_nobody_asks_for_any_more_is_not_made_a_batch(tmp_path: Path) -> None:
    async with plain_host.serve(pending=2) as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store, limits=BatchLimits(), file_s=0.0, lost_s=60.0) as session:
                await run_round(session, ROWS)
            host.pending = 0
            async with session_at(host.base_url, store, limits=BatchLimits()) as session:
                others = requests(40)[30:]
                for _ in range(5):
                    await run_round(session, others)
            assert len(host.billed) == 10
            assert store.ledger(RUN)[0].usd == pytest.approx(store.spent(RUN))
            assert "file-1" in host.deleted


async def test_a_file_that_is_never_read_is_given_up(tmp_path: Path) -> None:
    """Nothing waits for ever; nothing was billed."""
    async with plain_host.serve(pending=10**9) as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store, limits=BatchLimits(), file_s=0.0, lost_s=0.0) as session:
                with pytest.raises(RowsOwed, match=r"has not read the file .* \(pending\)"):
                    await run_round(session, ROWS)
            assert store.spent(RUN) == 0


async def test_a_file_that_the_host_cannot_read_stops_the_command(tmp_path: Path) -> None:
    async with plain_host.serve(pending=10**9, unread_word="Error") as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store, limits=BatchLimits()) as session:
                with pytest.raises(RowsOwed, match="can't read the file"):
                    await run_round(session, ROWS)
            assert store.spent(RUN) == 0


async def test_ctrl_c_ends_the_wait_for_a_file(tmp_path: Path) -> None:
    """At once, and the next command goes on with the upload."""
    async with plain_host.serve(pending=30) as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store, limits=BatchLimits(), file_s=1e6) as session:
                asyncio.get_running_loop().call_later(0.3, session.host.stop.set)
                with pytest.raises(Stopped):
                    await run_round(session, ROWS)
            assert not host.batches
            host.files["file-1"]["pending"] = 0
            async with session_at(host.base_url, store, limits=BatchLimits()) as session:
                await to_the_end(session)
            assert (host.uploads, len(host.batches)) == (1, 1)
