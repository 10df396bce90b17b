"""kill -9, again and again: what is lost and what is paid twice, by the server's own ledger, and whether the answers are
those of a run that was never killed, byte for byte. Prints one JSON object."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import sqlite3
import sys
import tempfile
from pathlib import Path

from distill.testing.fault_server import Script, serve

WORKER = Path(__file__).parents[1] / "tests" / "support" / "killed.py"
IN_FLIGHT = 8


async def start(url: str, store: Path, rows: int, after_s: float | None) -> bool:
    """Run the worker to its end, or kill it after so many seconds; whether it came to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(WORKER), url, str(store), str(rows), "never", "1"
    )
    try:
        async with asyncio.timeout(after_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    return process.returncode == 0


def content(store: Path) -> str:
    """A hash of every answer of a store: (request id, text), in the order of the ids."""
    with sqlite3.connect(store) as db:
        rows = db.execute("SELECT request_id, text FROM answers ORDER BY request_id").fetchall()
    return hashlib.blake2b(json.dumps(rows).encode(), digest_size=16).hexdigest()


async def trial(kills: int, rows: int) -> dict[str, object]:
    moments = random.Random(11)
    lost = done = killed = 0
    with tempfile.TemporaryDirectory() as folder:
        store, whole = Path(folder) / "answers.db", Path(folder) / "whole.db"
        async with serve(Script(latency_s=0.004)) as server:
            while killed < kills:
                if await start(server.base_url, store, rows, 0.4 + moments.uniform(0, 0.5)):
                    break
                killed += 1
                with sqlite3.connect(store) as db:
                    now = db.execute("SELECT count(*) FROM sqlite_master WHERE name='answers'").fetchone()[0]
                    now = db.execute("SELECT count(*) FROM answers").fetchone()[0] if now else 0
                lost, done = lost + max(0, done - now), now
            assert await start(server.base_url, store, rows, None)
        with sqlite3.connect(store) as db:
            held = db.execute("SELECT count(*) FROM answers").fetchone()[0]
            sound = db.execute("PRAGMA integrity_check").fetchone()[0]
        async with serve() as quiet:
            assert await start(quiet.base_url, whole, rows, None)
        same = content(store) == content(whole)
    twice = sum(server.ledger.billed.values()) - rows
    return {
        "rows": rows, "kills": killed, "answers": held, "committed_answers_lost": lost, "paid_twice": twice,
        "bound": killed * IN_FLIGHT, "integrity": sound, "same_bytes_as_never_killed": same,
    }  # fmt: skip


def main() -> None:
    """25 kills over 5,000 rows by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--rows", type=int, default=5000)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(trial(given.kills, given.rows)), indent=2))


if __name__ == "__main__":
    main()
