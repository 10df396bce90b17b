"""Every reply of the corpus among the answers of a run, live and by batch, and kill -9 again and again.

An endpoint answers a share of the calls with bodies of `distill.testing.dialects`: those that pass, those that cost a row,
and those that end a run. `distill generate` is started again after each end, until no row is owed. Then the server's
ledger stands beside the answer store, request by request. Prints one JSON object a way; exits 1 where a promise is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distill.records import Ended, Request
from distill.testing.batch.states import BatchScript
from distill.testing.dialects import load, names
from distill.testing.fault_server import Script, Server, serve
from distill.testing.ledger import Ledger

IN_FLIGHT = 32
USD = 1000.0
"""For a million tokens: then one token is a tenth of a cent, and a ledger that is off by one shows."""
MOST_STARTS = 1000
_IDLE = 4
KILL_S = {"live": (2.5, 8.0), "batch": (3.0, 11.0)}
"""Seconds after a start at which it is killed: from before the first send to well into the work."""
WORDS = [
    "lamp",
    "river",
    "copper",
    "onion",
    "violin",
    "gravel",
    "passport",
    "thunder",
    "biscuit",
    "ladder",
    "walnut",
    "harbour",
    "pencil",
    "meadow",
]
OK_BODIES = {body.name for name in names() for body in load(name) if body.ended is Ended.OK}
SPEC = """\
task: chaos
seeds: {{from: seeds.jsonl, test: {{rows: 10}}}}
teacher:
  model: m
  base_url: {url}
  mode: {mode}
  batch: {{rows: 2500, poll_s: 0.2, grace_s: 2}}
  limits: {{in_flight: {in_flight}, timeout_s: 20}}
  price: {{input: {usd}, output: {usd}}}
gates: [finish_reason]
student: {{train: {{with: none}}}}
evaluate: {{arms: []}}
"""


@dataclass(slots=True)
class Course:
    """What the starts came to."""

    exits: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    lost: int = 0
    """Answers that a start found committed and the next one did not."""
    idle: int = 0
    """Starts in a row that brought nothing: what is left was refused in a batch, and is not sent again."""
    last: str = ""
    unexpected: list[str] = field(default_factory=list)


def write_task(folder: Path, url: str, mode: str, rows: int) -> None:
    """A task of `rows` different questions and ten test rows."""
    chance = random.Random(5)
    seeds = (f"{' '.join(chance.choices(WORDS, k=9))} {n * 7919 % 1_000_003}" for n in range(rows + 10))
    (folder / "seeds.jsonl").write_text("".join(json.dumps({"message": text}) + "\n" for text in seeds))
    (folder / "teacher.md").write_text("Answer in a word.\n[user]\n{{message}}\n")
    (folder / "student.md").write_text("A word.\n[user]\n{{message}}\n")
    (folder / "task.yaml").write_text(SPEC.format(url=url, mode=mode, in_flight=IN_FLIGHT, usd=USD))


async def start(folder: Path, mode: str, after_s: float | None) -> tuple[str, str]:
    """One `distill generate`, killed after so many seconds if it is still at work: how it ended, and its last line."""
    words = [
        sys.executable,
        "-m",
        "distill",
        "generate",
        str(folder / "task.yaml"),
        *(["--wait"] if mode == "batch" else []),
    ]
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(after_s):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        _, said = await process.communicate()
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return str(process.returncode), lines[-1] if lines else ""


def held(store: Path) -> set[str]:
    """The requests that a store holds an answer to."""
    if not store.exists():
        return set()
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
        tables = db.execute("SELECT count(*) FROM sqlite_master WHERE name='answers'").fetchone()[0]
        return {row[0] for row in db.execute("SELECT request_id FROM answers")} if tables else set()


async def course(folder: Path, mode: str, kills: int) -> Course:
    """Start until no row is owed; the first `kills` times with a kill at a random moment."""
    found, moments, before = Course(), random.Random(11), set[str]()
    for _ in range(MOST_STARTS):
        after_s = moments.uniform(*KILL_S[mode]) if found.killed < kills else None
        ended, said = await start(folder, mode, after_s)
        found.killed += ended == "-9"
        found.exits[ended] += 1
        now = await asyncio.to_thread(held, folder / ".distill" / "answers.db")
        found.lost += len(before - now)
        found.idle = found.idle + 1 if ended == "3" and now == before else 0
        before, found.last = now, said
        if ended not in ("0", "3", "6", "-9"):
            found.unexpected.append(f"exit {ended}: {said[:300]}")
        if ended == "0" or found.idle == _IDLE or len(found.unexpected) > 5:
            break
    return found


def beside(ledger: Ledger, store: Path) -> dict[str, Any]:
    """The server's ledger and the store's, request by request.

    A request is compared to the cent where the store knows how each of its sends ended and took none by estimate: a send
    that died with its process, and a reply whose counts mean nothing, are booked at what they may have cost.
    """
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
        keys = {
            row[0]: Request("", json.loads(row[1])).id for row in db.execute("SELECT request_id, request FROM answers")
        }
        attempts = db.execute("SELECT request_id, settled, usd, estimated, reserved_usd FROM attempts").fetchall()
        refused = {row[0] for row in db.execute("SELECT request_id FROM attempts WHERE ended='refused'")} - keys.keys()
        sound = db.execute("PRAGMA integrity_check").fetchone()[0]
    ours: dict[str, float] = defaultdict(float)
    inexact, most = set[str](), 0.0
    for request, settled, usd, estimated, reserved in attempts:
        key = keys.get(request, request)
        booked = usd if settled else reserved
        most += booked or 0.0
        ours[key] += booked or 0.0
        if not settled or estimated:
            inexact.add(key)
    theirs: dict[str, float] = defaultdict(float)
    answered = Counter[str]()
    for entry in ledger.entries:
        theirs[entry.key] += entry.usd
        answered[entry.key] += entry.billed and (not entry.fault or entry.fault in OK_BODIES)
    compared = theirs.keys() - inexact
    differ = {key: theirs[key] - ours.get(key, 0.0) for key in compared if abs(theirs[key] - ours.get(key, 0.0)) > 1e-6}
    bodies = Counter(entry.fault for entry in ledger.entries if entry.fault and entry.key in differ)
    return {
        "integrity": sound,
        "answers": len(keys),
        "paid_twice": sum(count - 1 for count in answered.values() if count > 1),
        "refused": len(refused),
        "requests_compared": len(compared),
        "requests_with_an_estimate": len(inexact),
        "requests_whose_ledgers_differ": len(differ),
        "bodies_that_they_met": dict(bodies.most_common(20)),
        "usd_of_the_server": round(sum(theirs.values()), 4),
        "usd_booked": round(most, 4),
        "usd_apart_where_compared": round(abs(sum(differ.values())), 6),
    }


async def way(mode: str, rows: int, kills: int, share: float) -> dict[str, Any]:
    """All of it, live or by batch."""
    script = Script(
        dialects={"all": share}, dialect_drop=True, dialect_stop=True, retry_after_s=0.05, latency_s=0.01, usd_per_million=(USD, USD),
        batch=BatchScript(hurry=7200, hours=0.5, validating_s=10, finalizing_s=10),
    )  # fmt: skip
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with serve(script) as server:
            write_task(folder, server.base_url, mode, rows)
            found = await course(folder, mode, kills)
            told = beside(server.ledger, folder / ".distill" / "answers.db")
            bodies = met(server)
    bound = found.killed * (IN_FLIGHT if mode == "live" else 0)
    broken = [
        what
        for what, kept in {
            "the run ends": (found.exits["0"] == 1 or found.idle == _IDLE) and not found.unexpected,
            "no committed answer is lost": found.lost == 0,
            "every row is answered, or refused for good": told["answers"] + told["refused"] >= rows,
            "no more is paid twice than was in flight at the kills": told["paid_twice"] <= bound,
            "both ledgers agree": told["requests_whose_ledgers_differ"] == 0
            and told["usd_apart_where_compared"] < 0.01,
            "the store is sound": told["integrity"] == "ok",
        }.items()
        if not kept
    ]
    return {
        "way": mode, "rows": rows, "seconds": round(time.monotonic() - started), "kills": found.killed,
        "ends_by_exit_code": dict(found.exits), "bodies_met": bodies, "committed_answers_lost": found.lost, "paid_twice_at_most": bound,
        **told, "unexpected": found.unexpected, "last_line": found.last, "broken_promises": broken,
    }  # fmt: skip


def met(server: Server) -> dict[str, int]:
    """How many attempts met a body of the corpus, and how many different ones."""
    known = {body.name for name in names() for body in load(name)}
    found = Counter(entry.fault for entry in server.ledger.entries if entry.fault in known)
    return {"attempts": found.total(), "bodies": len(found)}


def main() -> None:
    """20,000 rows live and 20,000 by batch, 25 kills each, 2 % of the replies from the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--share", type=float, default=0.02)
    parser.add_argument("--way", choices=("live", "batch", "both"), default="both")
    given = parser.parse_args()
    ways = ("live", "batch") if given.way == "both" else (given.way,)
    broken = False
    for mode in ways:
        found = asyncio.run(way(mode, given.rows, given.kills, given.share))
        print(json.dumps(found, indent=2), flush=True)
        broken = broken or bool(found["broken_promises"])
    sys.exit(broken)


if __name__ == "__main__":
    main()
