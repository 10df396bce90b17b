"""A result file that is cut without an error is never taken for whole: nothing is sent again, and nothing is deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plain_host
import pytest
from rounds import ROWS, RUN, double, requests, session_at, to_the_end

from distill.teacher.batch.files.downloads import Results, _short, noted, results_of
from distill.teacher.batch.files.input_file import BatchLimits
from distill.teacher.batch.journal import Reported
from distill.teacher.batch.round import run_round
from distill.teacher.batch.session import BatchSession
from distill.teacher.store.store import Store, opened


async def rounds(session: BatchSession, count: int) -> int:
    """So many rounds at most; how many it took until nothing was out."""
    for number in range(1, count + 1):
        await run_round(session, ROWS)
        if not session.out and not session.waiting:
            return number
    return count + 1


def answered(store: Store) -> int:
    return len(store.held([one.id for one in ROWS]))


@pytest.mark.parametrize("cut", ["close", "line", "gzip"])
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"sizes": False},
        {"counts": "zero"},
        {"counts": "null"},
        {"counts": "absent", "sizes": False},
        {"counts": "all", "metadata": False},
        {"sizes": False, "words": {"completed": "SUCCEEDED"}},
    ],
    ids=str,
)
async def test_a_file_that_is_cut_once_is_read_again_and_no_row_is_paid_twice(
    tmp_path: Path, cut: str, how: dict[str, Any]
) -> None:
    """Whatever the host counts or leaves out: what came is kept at once, the rest a round later."""
    async with plain_host.serve(cut=cut, **how) as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store, limits=BatchLimits()) as session:
                await run_round(session, ROWS)
                await run_round(session, ROWS)
                await run_round(session, ROWS)
                assert 0 < answered(store) < 30
                assert not host.deleted, "a file that was not read whole is deleted"
                assert await rounds(session, 4) <= 4
            assert answered(store) == 30
            assert (len(host.batches), set(host.billed.values())) == (1, {1})
            assert host.deleted
            (spend,) = store.ledger(RUN)
            assert (spend.unknown, spend.estimated) == (0, 0)


async def test_a_chunked_file_without_its_end_is_read_again(tmp_path: Path) -> None:
    async with plain_host.serve(cut="chunked", cuts=2) as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store, limits=BatchLimits()) as session:
                assert await rounds(session, 8) <= 8
            assert answered(store) == 30
            assert (len(host.batches), set(host.billed.values())) == (1, {1})


async def test_a_file_that_stays_cut_is_not_sent_again_until_a_person_says_so(tmp_path: Path) -> None:
    """After some readings one line says what to do; the setting books the rows as lost and asks for them anew."""
    async with plain_host.serve(cut="line", cuts=10**6) as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store, limits=BatchLimits()) as session:
                assert await rounds(session, 8) == 9
                (said,) = session.stuck.values()
            assert "are paid for and are not sent again" in said
            assert "teacher.batch.give_up_missing=true" in said
            assert len(host.batches) == 1
            assert not host.deleted
            (batch,) = session.out
            assert noted(batch)[1] >= 3
            lost = 30 - answered(store)
            async with session_at(host.base_url, store, limits=BatchLimits(), give_up_missing=True) as session:
                host.cut = ""
                await rounds(session, 6)
            assert answered(store) == 30
            assert sum(host.billed.values()) == 30, "the file came whole before it was given up"
            assert lost > 0


async def test_given_up_rows_are_booked_at_their_most_and_asked_again(tmp_path: Path) -> None:
    async with plain_host.serve(loses=3) as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store, limits=BatchLimits()) as session:
                assert await rounds(session, 8) == 9
                assert len(host.batches) == 1
            async with session_at(host.base_url, store, limits=BatchLimits(), give_up_missing=True) as session:
                host.loses = 0
                assert await rounds(session, 6) <= 6
            assert answered(store) == 30
            (spend,) = store.ledger(RUN)
            assert (spend.estimated, spend.unknown) == (3, 0)
            assert sorted(host.billed.values()) == [1] * 27 + [2] * 3


@pytest.mark.parametrize("counts", ["zero", "null", "absent"])
async def test_a_host_that_counts_nothing_is_believed_at_the_second_reading(tmp_path: Path, counts: str) -> None:
    """Its file has the size that it says, and some rows are in none: they are perhaps billed, and asked again."""
    async with plain_host.serve(loses=2, counts=counts) as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(host.base_url, store, limits=BatchLimits()) as session:
                await rounds(session, 3)
                assert host.downloads == 1
                host.loses = 0
                assert await rounds(session, 5) <= 5
            assert answered(store) == 30


async def test_an_expired_batch_that_is_cut_is_read_again_before_its_undone_rows_go_out(tmp_path: Path) -> None:
    """The error file's lines for rows that never ran do not hide the missing ones of the output file."""
    async with double("expired=0.4", "cut-silent", window_hours=3.0) as server:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(server.base_url, store) as session:
                await to_the_end(session, server, requests(30))
            assert set(server.ledger.billed.values()) == {1}
            assert store.ledger(RUN)[0].answered == 30


@pytest.mark.parametrize(
    ("done", "failed", "told", "short", "unpaid"),
    [
        (100, 0, Reported(60, 0, 0), 40, 0),  # a cut output file
        (90, 10, Reported(95, 0, 10), 5, 0),  # the same beside a whole error file
        (60, 0, Reported(76, 40, 0), 24, 0),  # the same of a batch that expired, whose undone rows have lines
        (60, 40, Reported(76, 40, 0), 24, 0),  # and where the host counts these as failed
        (60, 0, Reported(60, 0, 0), 0, 0),  # undone rows without a line
        (100, 10, Reported(97, 0, 10), 3, 0),  # failed ones are counted as done too
        (70, 30, Reported(70, 0, 0), 30, 30),  # failed ones are in no file
        (70, 30, Reported(65, 0, 0), 35, 0),  # and some done ones neither
        (0, 0, Reported(60, 0, 0), 0, 0),  # nothing is counted
        (300, 0, Reported(60, 0, 0), 40, 0),  # too much is
    ],
)
def test_what_the_host_counts_is_held_against_what_lines_told(
    done: int, failed: int, told: Reported, short: int, unpaid: int
) -> None:
    """Of a batch of a hundred rows: how many are missing, and how many of them may be failed ones."""
    found, free = _short(100, done, failed, told)
    assert max(0, found) == short
    assert min(free, max(0, found)) == unpaid


def test_the_end_of_a_file_tells_whether_its_last_line_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    for data, torn in [
        (b'{"a":1}\n', False), (b'{"a":1}', False), (b'{"a":1}\n{"b', True), (b"", False), (b'{"a":1}\n\n', False), (b"x", True),
    ]:  # fmt: skip
        path.write_bytes(data)
        assert results_of("f", path) == Results("f", len(data), torn)


async def test_a_file_that_is_gone_is_waited_for_and_then_its_rows_are_lost_and_asked_again(tmp_path: Path) -> None:
    """Deleted, or expired after a month: nothing waits for ever, and the user is told what became of the rows."""
    said: list[str] = []
    async with plain_host.serve(gone=True) as host:
        with opened(tmp_path / "answers.db") as store:
            async with session_at(
                host.base_url, store, limits=BatchLimits(), lost_s=3600.0, say=said.append
            ) as session:
                assert await rounds(session, 5) == 6
                assert len(host.batches) == 1
                reserved = store.spent(RUN)
            async with session_at(host.base_url, store, limits=BatchLimits(), lost_s=0.0, say=said.append) as session:
                await run_round(session, ROWS)
                host.gone = False
                assert await rounds(session, 5) <= 5
            assert answered(store) == 30
            (spend,) = store.ledger(RUN)
            assert (spend.estimated, spend.unknown) == (30, 0)
            assert spend.usd_estimated == pytest.approx(reserved)
    assert any("is gone at the host" in line and "waited for" in line for line in said)
    assert any("30 rows are lost, and may have been billed" in line for line in said)
