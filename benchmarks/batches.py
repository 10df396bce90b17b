"""100,000 rows by batch: how fast they are submitted and read, beside a plain loop over the same files.

The host is the fault server in a process of its own; its clock stands and is moved on when all is submitted. The plain
loop reads each line with json.loads and inserts it into SQLite, all in one transaction: no matching with what was sent,
no ledger, nothing of it durable before its end. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload
from urllib.request import Request as Call
from urllib.request import urlopen

from heartbeat import heartbeat

from distill.money import Budget, Rate
from distill.records import Request
from distill.task import event_loop
from distill.teacher.batch import journal
from distill.teacher.batch.files import input_file
from distill.teacher.batch.host.client import BatchHost, reached
from distill.teacher.batch.round import run_round
from distill.teacher.batch.session import BatchSession
from distill.teacher.store.store import Store, opened
from distill.text import tokens

WORDS = "the parcel that I was promised for Tuesday has not come and nobody answers the telephone "


class Rows(Sequence[Request]):
    """Requests that are made when they are asked for, as a run's are; none is held."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> Request: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Request]: ...
    def __getitem__(self, at: int | slice) -> Request | Sequence[Request]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(self._count))]
        if not 0 <= at < self._count:
            raise IndexError(at)
        turns = [
            {"role": "system", "content": "Say what the customer wants, as JSON."},
            {"role": "user", "content": f"{at} {WORDS * 3}"},
        ]
        return Request("here", {"model": "m", "messages": turns, "max_tokens": 64})


@contextlib.contextmanager
def host_process() -> Iterator[str]:
    """The base URL of a fault server whose clock stands."""
    words = [sys.executable, "-m", "distill", "fault-server", "--json", "--port", "0", "--hurry", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            told = b""
            while not told.rstrip().endswith(b"}"):
                told += process.stdout.readline()
            yield json.loads(told)["base_url"]
        finally:
            process.terminate()


def later(url: str, hours: float) -> None:
    """Move the host's clock on."""
    data = json.dumps({"step_s": hours * 3600}).encode()
    urlopen(Call(f"{url.removesuffix('/v1')}/clock", data, method="POST")).read()  # noqa: S310 - our own server


class Timed(BatchHost):
    """Notes the seconds that downloads took, and keeps what came for the plain loop."""

    seconds = 0.0
    kept: tuple[Path, ...] = ()

    async def download(self, file_id: str, to: Path) -> None:
        started = time.monotonic()
        await super().download(file_id, to)
        Timed.seconds += time.monotonic() - started
        copy = to.parent.parent / f"plain{len(Timed.kept)}.jsonl"
        copy.hardlink_to(to)
        Timed.kept += (copy,)


async def batched(url: str, path: Path, count: int) -> dict[str, Any]:
    """Submit, let the host answer, read the results."""
    rows = Rows(count)
    with opened(path) as store:
        async with reached(url, None, {}) as host:
            host.__class__ = Timed
            batching = _session(host, store)
            tokens.count("loads the tokeniser")
            async with heartbeat() as submitting:
                started = time.monotonic()
                await run_round(batching, rows)
                submitted_s = time.monotonic() - started
            later(url, 3)
            out = batching.out
            for batch in out:
                await host.look(batch.batch_id or "")  # the host answers its rows at the first look, and not meanwhile
            async with heartbeat() as ingesting:
                started = time.monotonic()
                await run_round(batching, rows, submit=False)
                ingested_s = time.monotonic() - started
        answered = store.query("SELECT count(*) FROM answers").fetchone()[0]
        assert answered == count
        assert not journal.opened(store)
    return {
        "rows": count,
        "shards": len(out),
        "submitted_a_second": round(count / submitted_s),
        "ingested_a_second": round(count / (ingested_s - Timed.seconds)),
        "ingested_a_second_with_download": round(count / ingested_s),
        "longest_block_ms": [round(pulse.longest_ms, 1) for pulse in (submitting, ingesting)],
    }


def _session(host: BatchHost, store: Store) -> BatchSession:
    return BatchSession(
        host=host, store=store, run="bench/001", spender="teacher", endpoint="here", model="m", url="/v1/chat/completions",
        budget=Budget(), price=Rate(1, 1).batch_usd, limits=input_file.BatchLimits(),
    )  # fmt: skip


def plain(files: Sequence[Path], path: Path) -> float:
    """Seconds of a loop that anybody would write."""
    started = time.monotonic()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE answers (id TEXT PRIMARY KEY, text TEXT, tokens INTEGER, raw TEXT)")
        for file in files:
            with file.open(encoding="utf-8", newline="\n") as lines:
                for line in lines:
                    found = json.loads(line)
                    body = found["response"]["body"]
                    text, tokens = body["choices"][0]["message"]["content"], body["usage"]["total_tokens"]
                    db.execute("INSERT INTO answers VALUES (?,?,?,?)", (found["custom_id"], text, tokens, line))
        db.commit()
    return time.monotonic() - started


def main() -> None:
    """One session, then the plain loop over what it downloaded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with host_process() as url:
            found = event_loop.run(batched(url, Path(folder) / "answers.db", given.count))
        found["memory_mib_at_most"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        rate = given.count / plain(Timed.kept, Path(folder) / "plain.db")
    found |= {"plain_loop_a_second": round(rate), "of_the_plain_loop": round(found["ingested_a_second"] / rate, 2)}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
