"""What `distill proxy` adds to a call, and what it loses: the same calls direct and through it, in turns, and then a proxy that is killed.

    python benchmarks/proxy.py [--rate 200] [--seconds 30] [--kills 25]

Upstream, proxy and callers are three processes. Calls leave at their own times, whether those before were answered or not. The proxy is killed
with `kill -9` in the midst of calls, streamed and not, and every answer that a caller had whole is looked for in the log. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

ROOT = Path(__file__).parents[1]
STREAMS = ROOT / "tests" / "support" / "upstreams.py"
WORDS = (
    "the",
    "parcel",
    "with",
    "lamp",
    "came",
    "late",
    "and",
    "box",
    "was",
    "torn",
    "so",
    "please",
    "tell",
    "me",
    "what",
    "I",
    "should",
    "do",
)
TURN_S = 2.0
CALLERS = 8


@asynccontextmanager
async def started(*words: str, folder: Path) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """(base URL, process) of a server that says so in one JSON object."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=folder, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert process.stdout is not None
    told = b""
    while not told.rstrip().endswith(b"}"):
        line = await process.stdout.readline()
        assert line, "the server ended"
        told += line
    try:
        yield json.loads(told)["base_url"], process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


def proxy_of(url: str) -> list[str]:
    return ["-m", "distill", "proxy", "bench", "--to", url, "--port", "0", "--json"]


def body(name: str, *, stream: bool = False) -> bytes:
    """A question of about a kilobyte."""
    draw = random.Random(name)
    text = " ".join(draw.choices(WORDS, k=150))
    turns = [{"role": "system", "content": "Say the mood."}, {"role": "user", "content": f"{text} #{name}"}]
    return json.dumps({"model": "m", "messages": turns, "stream": stream}).encode()


async def timed(session: aiohttp.ClientSession, url: str, name: str) -> float | None:
    """Seconds that a call took, None where it failed."""
    began = time.perf_counter()
    try:
        async with session.post(
            f"{url}/chat/completions", data=body(name), headers={"content-type": "application/json"}
        ) as answer:
            await answer.read()
            return time.perf_counter() - began if answer.status == 200 else None
    except aiohttp.ClientError:
        return None


async def paced(session: aiohttp.ClientSession, url: str, name: str, rate: int, seconds: float) -> list[float | None]:
    """So many calls a second, each at its time."""
    calls, began = list[asyncio.Task[float | None]](), time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        calls.append(asyncio.ensure_future(timed(session, url, f"{name}-{number}")))
    return await asyncio.gather(*calls)


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def milliseconds(found: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(found, n=100)
    return {name: round(1000 * cuts[at - 1], 2) for name, at in (("p50", 50), ("p95", 95), ("p99", 99))}


async def speed(rate: int, seconds: float, latency: float) -> dict[str, object]:
    """Direct and proxied in turns of two seconds."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        server = ["-m", "distill", "fault-server", "--json", "--latency", str(latency)]
        async with (
            started(*server, folder=folder) as (behind, _),
            started(*proxy_of(behind), folder=folder) as (url, process),
        ):
            found: dict[str, list[float | None]] = {"direct": [], "proxied": []}
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
                for way in (behind, url):
                    await paced(session, way, f"warm {way}", rate, 1.0)
                used = cpu_s(process.pid)
                for turn in range(int(seconds / TURN_S)):
                    for name, way in (("direct", behind), ("proxied", url)):
                        found[name] += await paced(session, way, f"{name}-{turn}", rate, TURN_S)
                used = cpu_s(process.pid) - used
                async with session.get(f"{url.removesuffix('/v1')}/proxy/status") as answer:
                    told = await answer.json()
    good = {name: [one for one in some if one is not None] for name, some in found.items()}
    times = {name: milliseconds(some) for name, some in good.items()}
    return {
        "calls_a_second": rate, "upstream_ms": 1000 * latency, "calls": len(found["proxied"]), "ms": times,
        "failed": {name: sum(one is None for one in some) for name, some in found.items()},
        "added_ms": {name: round(times["proxied"][name] - times["direct"][name], 2) for name in times["direct"]},
        "proxy_cpu_ms_a_call": round(1000 * used / len(found["proxied"]), 3), "records": told["records"],
    }  # fmt: skip


async def caller(session: aiohttp.ClientSession, url: str, name: str, answered: set[str]) -> None:
    """Call until the proxy is gone; what was answered to its end is kept."""
    number = 0
    while True:
        number += 1
        word = f"{name}-{number}"
        try:
            async with session.post(f"{url}/chat/completions", data=body(word, stream=bool(number % 2))) as answer:
                if answer.status == 200 and word.encode() in await answer.read():
                    answered.add(word)
        except (aiohttp.ClientError, OSError):
            return


def recorded(folder: Path) -> tuple[set[str], int]:
    """(the names of the calls in the log, lines that are torn)."""
    found, torn = set[str](), 0
    for line in (line for file in sorted(folder.rglob("calls/*.jsonl")) for line in file.read_bytes().splitlines()):
        try:
            found.add(json.loads(line)["request"]["messages"][-1]["content"].rpartition("#")[2])
        except ValueError:
            torn += 1
    return found, torn


async def kills(count: int) -> dict[str, object]:
    """Kill the proxy again and again, and look for what it had answered."""
    moments, answered = random.Random(7), set[str]()
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        async with started(str(STREAMS), folder=folder) as (behind, _):
            for kill in range(count):
                async with (
                    started(*proxy_of(behind), folder=folder) as (url, process),
                    aiohttp.ClientSession() as session,
                ):
                    callers = [
                        asyncio.ensure_future(caller(session, url, f"{kill}-{one}", answered)) for one in range(CALLERS)
                    ]
                    before = len(answered)
                    while len(answered) < before + 2 * CALLERS:  # noqa: ASYNC110  # it is warm then
                        await asyncio.sleep(0.01)
                    await asyncio.sleep(moments.uniform(0.0, 0.5))
                    process.kill()
                    await asyncio.gather(*callers)
        found, torn = await asyncio.to_thread(recorded, folder)
    return {
        "kills": count,
        "answered": len(answered),
        "rows": len(found),
        "lost": len(answered - found),
        "torn_lines": torn,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each way")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds that the upstream takes")
    parser.add_argument("--kills", type=int, default=25)
    given = parser.parse_args()
    found: dict[str, object] = {}
    if given.seconds:
        found["speed"] = asyncio.run(speed(given.rate, given.seconds, given.latency))
    if given.kills:
        found["kills"] = asyncio.run(kills(given.kills))
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
