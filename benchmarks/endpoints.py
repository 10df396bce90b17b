"""Four endpoints as one teacher, one killed and one slowed ten-fold midway: throughput, what is lost, what is paid twice.

Each endpoint is a fault server in a process of its own with a fixed latency and a fixed number of calls in flight, so that this
machine is not the bound. It writes down each request that it reads; a reply counts as given where the server lived for the latency
after it. `distill run` works on the list; then the same task is done by one endpoint, and the files are compared byte for byte.

    of_living_sum   answers a second after the kill, as a share of what the living endpoints gave before it, the slowed one a tenth

Prints one JSON object; exits 1 where a promise is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from chaos import WORDS

from distill.records import Request
from distill.testing.fault_server import Script, serve

SLOWER = 10
_FLUSH_S = 0.005
FILES = ("train.jsonl", "valid.jsonl", "test.jsonl")
SPEC = """\
task: endpoints
seeds: {{from: seeds.jsonl, test: {{rows: 10}}}}
teacher:
  model: m
  base_url: {urls}
  limits: {{in_flight: {in_flight}, timeout_s: 60}}
  price: {{input: 1, output: 1}}
gates: [finish_reason]
student: {{train: {{with: none}}}}
evaluate: {{arms: []}}
"""


async def endpoint(told: Path, latency_s: float) -> None:
    """A fault server until it is killed: its address and then each request that it reads go to a file; SIGUSR1 slows it."""
    async with serve(Script(latency_s=latency_s)) as server:

        def slow() -> None:
            server.script = replace(server.script, latency_s=SLOWER * latency_s)

        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, slow)
        with told.open("a") as file:
            file.write(json.dumps({"url": server.base_url}) + "\n")
            while True:
                for entry in server.ledger.entries:
                    line = {
                        "at": entry.at,
                        "key": entry.key,
                        "billed": entry.billed,
                        "latency_s": server.script.latency_s,
                    }
                    file.write(json.dumps(line) + "\n")
                server.ledger.entries.clear()
                file.flush()
                await asyncio.sleep(_FLUSH_S)


@contextlib.contextmanager
def endpoints(folder: Path, count: int, latency_s: float) -> Iterator[list[tuple[str, Path, subprocess.Popen[bytes]]]]:
    """So many of them, each with its address, its file and its process."""
    with contextlib.ExitStack() as stack:
        found = []
        for n in range(count):
            told = folder / f"endpoint-{n}.jsonl"
            command = [sys.executable, __file__, "--endpoint", str(told), "--latency", str(latency_s)]
            process = stack.enter_context(subprocess.Popen(command))
            stack.callback(process.kill)
            while not told.exists() or not told.read_text().endswith("\n"):
                time.sleep(0.05)
            found.append((str(json.loads(told.read_text().splitlines()[0])["url"]), told, process))
        yield found


def write_task(folder: Path, urls: Sequence[str], rows: int, in_flight: int) -> None:
    """A task of `rows` different questions; one address is written as one, several as a list."""
    folder.mkdir(parents=True)
    chance = random.Random(5)
    seeds = (f"{' '.join(chance.choices(WORDS, k=9))} {n * 7919 % 1_000_003}" for n in range(rows + 10))
    (folder / "seeds.jsonl").write_text("".join(json.dumps({"message": text}) + "\n" for text in seeds))
    (folder / "teacher.md").write_text("Answer in a word.\n[user]\n{{message}}\n")
    (folder / "student.md").write_text("A word.\n[user]\n{{message}}\n")
    spelt = urls[0] if len(urls) == 1 else json.dumps(list(urls))
    (folder / "task.yaml").write_text(SPEC.format(urls=spelt, in_flight=in_flight))


async def done(folder: Path) -> tuple[int, str]:
    """One `distill run`: its exit code, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "distill", "run", str(folder / "task.yaml"),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await process.communicate()
    return process.returncode or 0, said.decode("utf-8", "replace")


def held(store: Path) -> int:
    """Answers of a store that may not be there yet."""
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db,
    ):
        return int(db.execute("SELECT count(*) FROM answers").fetchone()[0])
    return 0


def answered_at(store: Path) -> list[float]:
    """When each answer was there, in seconds of the wall clock."""
    with contextlib.closing(sqlite3.connect(store)) as db:
        rows = db.execute("SELECT settled FROM attempts WHERE ended='ok' ORDER BY settled").fetchall()
    return [datetime.fromisoformat(row[0]).timestamp() for row in rows]


def given(told: Sequence[Path], killed_at: dict[Path, float]) -> tuple[Counter[str], int]:
    """Request → replies that were given and billed, over all endpoints; and requests that were in flight at the killed one."""
    replies, cut = Counter[str](), 0
    for path in told:
        until = killed_at.get(path, float("inf"))
        for line in path.read_text().splitlines()[1:]:
            with contextlib.suppress(ValueError):  # the last line of the one that was killed
                entry = json.loads(line)
                whole = entry["at"] + entry["latency_s"] <= until
                replies[entry["key"]] += whole and entry["billed"]
                cut += not whole
    return replies, cut


def keys(store: Path) -> set[str]:
    """The requests that a store holds an answer to, as the fault servers call them."""
    with contextlib.closing(sqlite3.connect(store)) as db:
        return {Request("", json.loads(row[0])).id for row in db.execute("SELECT request FROM answers")}


def hashes(folder: Path) -> dict[str, str]:
    run = folder / "runs" / "endpoints" / "001"
    return {name: hashlib.blake2b((run / name).read_bytes(), digest_size=16).hexdigest() for name in FILES}


async def spread(folder: Path, rows: int, in_flight: int, latency_s: float) -> dict[str, Any]:
    """The list, with its events once an eighth of the rows is answered."""
    work, store = folder / "several", folder / "several" / ".distill" / "answers.db"
    with endpoints(folder, 4, latency_s) as four:
        write_task(work, [url for url, _, _ in four], rows, in_flight)
        running = asyncio.create_task(done(work))
        while await asyncio.to_thread(held, store) < rows / 8 and not running.done():  # noqa: ASYNC110 - another process answers
            await asyncio.sleep(0.05)
        killed, slowed = four[3], four[2]
        slowed[2].send_signal(signal.SIGUSR1)
        killed[2].kill()
        killed[2].wait()
        at, on_the_wall = time.monotonic(), time.time()
        code, said = await running
        await asyncio.sleep(4 * _FLUSH_S)
        replies, cut = given([told for _, told, _ in four], {killed[1]: at})
        answers = keys(store)
    times = answered_at(store)
    before = [one for one in times if one <= on_the_wall]
    after = [one for one in times if one > on_the_wall]
    steady = [one for one in before if one >= before[0] + 2 * latency_s]
    rate = len(steady) / (on_the_wall - before[0] - 2 * latency_s)
    living = rate / 4 * (2 + 1 / SLOWER)
    return {
        "rows": rows, "exit": code, "said": [line for line in said.splitlines() if "left out" in line or "again" in line][:20],
        "answers_a_second_before": round(rate, 1), "ideal_before": round(4 * in_flight / latency_s, 1),
        "answers_a_second_after": round(len(after) / (after[-1] - on_the_wall), 1), "seconds_after": round(after[-1] - on_the_wall, 1),
        "of_living_sum": round(len(after) / (after[-1] - on_the_wall) / living, 3),
        "lost": rows - len(answers), "paid_twice": sum(count - 1 for count in replies.values() if count > 1),
        "replied_and_not_kept": sum(1 for key, count in replies.items() if count and key not in answers),
        "in_flight_at_the_killed_one": cut, "files": hashes(work),
    }  # fmt: skip


async def trial(rows: int, in_flight: int, latency_s: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = await spread(folder, rows, in_flight, latency_s)
        async with serve(Script()) as server:
            alone = folder / "alone"
            write_task(alone, [server.base_url], rows, in_flight)
            code, said = await done(alone)
            assert code == 0, said
        found["same_bytes_as_with_one"] = found.pop("files") == hashes(alone)
    found["broken_promises"] = [
        what
        for what, kept in {
            "the run ends": found["exit"] == 0,
            "90 % of the living ones' sum": found["of_living_sum"] >= 0.9,
            "no answer is lost": found["lost"] == 0 and found["replied_and_not_kept"] == 0,
            "none is paid twice": found["paid_twice"] == 0,
            "the dataset is that of one endpoint": found["same_bytes_as_with_one"],
        }.items()
        if not kept
    ]
    return found


def main() -> None:
    """10,000 rows over four endpoints of 24 calls in flight at half a second each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--in-flight", type=int, default=24)
    parser.add_argument("--latency", type=float, default=0.5)
    parser.add_argument("--endpoint", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.endpoint is not None:
        asyncio.run(endpoint(asked.endpoint, asked.latency))
        return
    found = asyncio.run(trial(asked.rows, asked.in_flight, asked.latency))
    print(json.dumps(found, indent=2))
    sys.exit(bool(found["broken_promises"]))


if __name__ == "__main__":
    main()
