"""kill -9 at every named point of a call: nothing that was committed is lost, and only what was in flight is sent again."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
from pathlib import Path

import pytest
from killed import IN_FLIGHT, POINTS

from distill.testing.fault_server import Script, Server, serve

SCRIPT = Path(__file__).with_name("killed.py")
ROWS = 400


async def start(server: Server, store: Path, point: str = "never", after: int = 1, mutant: str = "") -> int | None:
    words = [sys.executable, str(SCRIPT), server.base_url, str(store), str(ROWS), point, str(after), mutant]
    process = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    assert process.returncode in (0, -9), said.decode()
    return process.returncode


def committed(store: Path) -> int:
    with sqlite3.connect(store) as db:
        return int(db.execute("SELECT count(*) FROM answers").fetchone()[0])


@pytest.mark.slow
async def test_kills_at_every_point_lose_nothing_and_pay_at_most_what_was_in_flight_twice(tmp_path: Path) -> None:
    """Each point once, also while a killed run is being recovered; then to the end."""
    store = tmp_path / "answers.db"
    moments = random.Random(7)
    async with serve(Script(latency_s=0.002)) as server:
        before = 0
        for point in POINTS:
            assert await start(server, store, point, moments.randint(2, 60)) == -9, f"it never came to {point}"
            assert committed(store) >= before, "a committed answer is gone"
            before = committed(store)
        assert await start(server, store) == 0
    assert committed(store) == ROWS
    paid = server.ledger.billed
    assert len(paid) == ROWS
    assert sum(paid.values()) - ROWS <= len(POINTS) * IN_FLIGHT
    with sqlite3.connect(store) as db:
        sends, unknown = db.execute("SELECT count(*), sum(settled IS NULL) FROM attempts").fetchone()
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert sends >= sum(paid.values()), "every send that the server billed has its row in the ledger"
    assert unknown <= len(POINTS) * IN_FLIGHT


async def promises(tmp_path: Path, mutant: str) -> None:
    """What must hold at the moment of a kill, before anything is recovered."""
    store = tmp_path / "answers.db"
    async with serve(Script(latency_s=0.002)) as server:
        assert await start(server, store, "after send", 60, mutant) == -9
        paid = sum(server.ledger.billed.values())
    with sqlite3.connect(store) as db:
        sends = db.execute("SELECT count(*) FROM attempts").fetchone()[0]
    assert sends >= paid, "the server billed a send that the ledger knows nothing of"
    assert paid - committed(store) <= IN_FLIGHT, "more was paid and not kept than was in flight"


@pytest.mark.slow
@pytest.mark.parametrize("mutant", ["permit given back at read", "send before the intent is on the disk"])
async def test_the_promises_hold_on_a_slow_disk_and_their_tests_would_notice(tmp_path: Path, mutant: str) -> None:
    """The store as it is keeps them; with one broken on purpose, the same check fails."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "mutant").mkdir()
    await promises(tmp_path / "whole", "slow commits alone")
    with pytest.raises(AssertionError, match=r"ledger knows nothing|paid and not kept"):
        await promises(tmp_path / "mutant", mutant)
