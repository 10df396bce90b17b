"""kill -9 at every named point of a batch's way: one paid batch an input file, no row lost, no row paid twice, no orphan."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from killed_session import HERE, POINTS, ROWS
from rounds import RUN, content, double, live, requests

from distill.teacher.store.store import opened
from distill.testing.fault_server import Server

SCRIPT = Path(__file__).parents[2] / "support" / "killed_session.py"


@dataclass(slots=True)
class Sessions:
    """The process that runs sessions, each in a fork of its own: what it imports and builds on its way, it does once."""

    process: subprocess.Popen[bytes]
    warm: bool = False

    async def start(self, server: Server, store: Path, point: str = "never", after: int = 1, mutant: str = "") -> int:
        """The exit status of one session."""
        if not self.warm:
            self.warm = True
            async with double() as quiet:
                await self.start(quiet, store.parent / "warm" / "answers.db", HERE)
        line = json.dumps([server.base_url, str(store), point, after, mutant]).encode() + b"\n"
        status = int(await asyncio.wait_for(asyncio.to_thread(self._answer, line), 120))
        assert status in (0, -9), "a session failed; its traceback is on stderr"
        return status

    def _answer(self, line: bytes) -> bytes:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()
        return self.process.stdout.readline()


@pytest.fixture(scope="module")
def runner() -> Iterator[Sessions]:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, str(SCRIPT)], stdin=pipe, stdout=pipe) as process:
        yield Sessions(process)
        process.kill()


def all_is_well(server: Server, store: Path) -> None:
    """The server's own books, and ours beside them."""
    ledger = server.ledger
    assert set(ledger.paid_batches.values()) == {1}, "an input file was paid twice"
    assert set(ledger.billed.values()) == {1}, "a row was billed twice"
    assert len(ledger.billed) == ROWS
    with sqlite3.connect(store) as db:
        answers, unknown = db.execute(
            "SELECT (SELECT count(*) FROM answers), (SELECT count(*) FROM attempts WHERE settled IS NULL)"
        ).fetchone()
        journal = {row[0]: row[1:] for row in db.execute("SELECT batch_id, state, key FROM batches")}
        keys = {row[0] for row in db.execute("SELECT key FROM batches")}
    assert (answers, unknown) == (ROWS, 0), "a row is lost"
    for bill in ledger.bills.values():
        assert not bill.rows or journal[bill.batch] == ("collected", bill.metadata["distill_batch"]), "an orphan"
    with opened(store) as ours:
        assert ours.spent(RUN) == pytest.approx(ledger.usd, abs=1e-9)
    assert not server.states.files.newest_first(), "a file is left at the host"
    left = {path.name.partition(".")[0] for path in (store.parent / "batches").iterdir()}
    assert not left & keys, "a file of a batch is left here; those that were never entered go when they are old"


@pytest.mark.slow
@pytest.mark.parametrize(
    "batch_faults", [(), ("no-metadata", "cut-silent", "pending-file@2"), ("no-metadata", "cut-gzip", "odd-words")]
)
async def test_kills_at_every_point_make_no_orphan_and_pay_nothing_twice(
    runner: Sessions, tmp_path: Path, batch_faults: tuple[str, ...]
) -> None:
    """Also at a host that gives no metadata back and cuts its files without an error.

    Each point at the first or second of three batches; then again in the recovery, when the next end is seen, at the
    same point where it comes again, and at one by chance."""
    moments = random.Random(11)
    async with double() as quiet:
        with opened(tmp_path / "whole.db") as store:
            await live(quiet.base_url, store, requests(ROWS))
    whole = content(tmp_path / "whole.db")
    for number, point in enumerate(POINTS):
        store_path = tmp_path / str(number) / "answers.db"
        async with double(*batch_faults) as server:
            assert await runner.start(server, store_path, point, moments.randint(1, 2)) == -9, point
            assert await runner.start(server, store_path, "ended seen") == -9, point
            await runner.start(server, store_path, point)
            await runner.start(server, store_path, moments.choice(POINTS), moments.randint(1, 2))
            assert await runner.start(server, store_path) == 0
            server.states.advance()
            try:
                all_is_well(server, store_path)
            except AssertionError as fault:
                raise AssertionError(f"killed at {point!r}: {fault}") from fault
        assert content(store_path) == whole


@pytest.mark.slow
async def test_the_test_of_the_kills_would_notice_a_late_entry(runner: Sessions, tmp_path: Path) -> None:
    """With the intent recorded only after the create, a batch that was made is unknown after the kill: an orphan."""
    async with double() as server:
        store = tmp_path / "answers.db"
        assert await runner.start(server, store, "create answered", 2, "late entry") == -9
        assert await runner.start(server, store) == 0
        server.states.advance()
        with pytest.raises(AssertionError, match=r"an input file was paid twice|a row was billed twice"):
            all_is_well(server, store)
