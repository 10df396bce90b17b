"""kill -9 at every named point of a call: nothing that was committed is lost, and only what was in flight is sent again."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest
from forks import Fork
from killed import IN_FLIGHT, POINTS, run

from distill.testing.fault_server import Script, Server, serve

ROWS = 350


async def start(server: Server, store: Path, point: str = "never", after: int = 1, mutant: str = "") -> int | None:
    process = Fork(run, server.base_url, str(store), str(ROWS), point, str(after), mutant)
    _, said = await process.communicate()
    assert process.returncode in (0, -9), said.decode()
    return process.returncode


def committed(store: Path) -> set[tuple[str, str]]:
    """(request id, text) of every answer that a kill left behind."""
    with sqlite3.connect(store) as db:
        made = db.execute("SELECT count(*) FROM sqlite_master WHERE name='answers'").fetchone()[0]
        return set(db.execute("SELECT request_id, text FROM answers")) if made else set()


@pytest.mark.slow
async def test_kills_at_every_point_lose_nothing_and_pay_at_most_what_was_in_flight_twice(tmp_path: Path) -> None:
    """Each point somewhere in a run, then again in its first few calls while that kill is being recovered from; in the end
    the store holds what a run that was never killed would hold."""
    store, whole = tmp_path / "answers.db", tmp_path / "whole.db"
    moments = random.Random(7)
    fuses = [
        (point, 1 if point == "amid opening" else after)  # a process opens its store once
        for point in POINTS
        for after in (moments.randint(2, 30), moments.randint(1, 3))
    ]
    async with serve(Script(latency_s=0.002)) as server:
        before: set[tuple[str, str]] = set()
        for point, after in fuses:
            assert await start(server, store, point, after) == -9, f"it never came to {point}"
            assert committed(store) >= before, "a committed answer is gone"
            before = committed(store)
        assert len(before) < ROWS, "nothing was left to recover"
        assert await start(server, store) == 0
    paid = server.ledger.billed
    assert len(paid) == ROWS
    assert sum(paid.values()) - ROWS <= len(fuses) * IN_FLIGHT
    with sqlite3.connect(store) as db:
        sends, unknown = db.execute("SELECT count(*), sum(settled IS NULL) FROM attempts").fetchone()
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert sends >= sum(paid.values()), "every send that the server billed has its row in the ledger"
    assert unknown <= len(fuses) * IN_FLIGHT
    async with serve() as quiet:
        assert await start(quiet, whole) == 0
    assert sorted(committed(store)) == sorted(committed(whole))


async def promises(tmp_path: Path, mutant: str) -> None:
    """What must hold at the moment of a kill, before anything is recovered."""
    store = tmp_path / "answers.db"
    async with serve(Script(latency_s=0.002)) as server:
        assert await start(server, store, "after send", 60, mutant) == -9
        paid = sum(server.ledger.billed.values())
    with sqlite3.connect(store) as db:
        sends = db.execute("SELECT count(*) FROM attempts").fetchone()[0]
    assert sends >= paid, "the server billed a send that the ledger knows nothing of"
    assert paid - len(committed(store)) <= IN_FLIGHT, "more was paid and not kept than was in flight"


@pytest.mark.slow
@pytest.mark.parametrize("mutant", ["permit given back at read", "send before the intent is on the disk"])
async def test_the_promises_hold_on_a_slow_disk_and_their_tests_would_notice(tmp_path: Path, mutant: str) -> None:
    """The store as it is keeps them; with one broken on purpose, the same check fails."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "mutant").mkdir()
    await promises(tmp_path / "whole", "slow commits alone")
    with pytest.raises(AssertionError, match=r"ledger knows nothing|paid and not kept"):
        await promises(tmp_path / "mutant", mutant)
