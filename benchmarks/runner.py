"""The runner against a plain loop over the OpenAI SDK, in the same run, on the same server.

    idle      a server without latency, 64 in flight: answers a second, ours durably committed
    patient   0.5 s of latency, 900 in flight, 24 rounds: the share of the ideal, which is 1,800 answers a second

Both say how long the event loop was ever held up, and how much of that it computed itself (see heartbeat.py). Prints
one JSON object. The server is another process on this machine; the figures are of this machine, the ratio travels.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from heartbeat import Pulse, heartbeat
from openai import AsyncOpenAI

from distill.money import Budget, Rate
from distill.records import Request
from distill.task import event_loop
from distill.teacher import runner
from distill.teacher.endpoint.client import Endpoint
from distill.teacher.pace import Pace
from distill.teacher.requests import ceiling
from distill.teacher.store.store import opened

SYSTEM = "Read the message and answer with one JSON object. " * 4


def body(number: int) -> dict[str, object]:
    turns = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": f"message number {number}"}]
    return {"model": "m", "messages": turns, "max_tokens": 64}


@contextmanager
def server(latency_s: float) -> Iterator[str]:
    """A fault server without faults, in a process of its own; yields its base_url."""
    command = [sys.executable, "-m", "distill", "fault-server", "--json", "--latency", str(latency_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != "}\n":
            lines.append(process.stdout.readline())
        try:
            yield json.loads("".join(lines))["base_url"]
        finally:
            process.terminate()
            process.stdout.read()


async def plain(url: str, count: int, in_flight: int) -> float:
    """Answers a second of a semaphore over AsyncOpenAI, as most scripts do it; nothing is kept."""
    gate = asyncio.Semaphore(in_flight)
    async with AsyncOpenAI(api_key="none", base_url=url, max_retries=0) as client:

        async def one(number: int) -> None:
            async with gate:
                await client.chat.completions.create(**body(number))  # type: ignore[call-overload]  # a dict of the right shape

        await one(-1)
        started = time.monotonic()
        await asyncio.gather(*(one(number) for number in range(count)))
        return count / (time.monotonic() - started)


async def ours(url: str, count: int, in_flight: int) -> tuple[float, Pulse]:
    """(answers a second of the runner, each committed to the store before it counts; the loop's pulse meanwhile)."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "answers.db") as store:
        rate = Rate(1.0, 1.0)
        teacher = Endpoint("m", url, price=rate.usd)
        context = runner.WorkerContext(
            teacher=teacher, store=store, run="bench/001", spender="teacher", budget=Budget(1e9), price=rate.usd,
            pace=Pace(in_flight=in_flight),
        )  # fmt: skip
        ceiling(Request("warm", body(-1)))  # loads the tokeniser, half a second once a process
        await teacher.answer(Request("warm", body(-1)))
        async with heartbeat() as pulse:
            started = time.monotonic()
            progress = await runner.run(
                (Request(url, body(number)) for number in range(count)), context, in_flight=in_flight
            )
            spent = time.monotonic() - started
        await teacher.close()
        assert progress.answered == count, progress
        return count / spent, pulse


def held_up(pulses: Iterable[Pulse]) -> dict[str, list[float]]:
    """The loop's longest gap of each round, for the result."""
    rounds = list(pulses)
    return {
        "longest_block_ms": [round(pulse.longest_ms, 1) for pulse in rounds],
        "computed_ms": [round(pulse.computed_ms, 1) for pulse in rounds],
    }


def main() -> None:
    """Both cases, best of `--rounds` for each side, alternating."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=4000)
    given = parser.parse_args()
    found: dict[str, object] = {}
    with server(0.0) as url:
        sides: dict[str, list[float]] = {"plain": [], "ours": []}
        pulses = []
        for _ in range(given.rounds):
            sides["plain"].append(asyncio.run(plain(url, given.count // 2, 64)))
            rate, pulse = event_loop.run(ours(url, given.count, 64))
            sides["ours"].append(rate)
            pulses.append(pulse)
        best = {side: max(rates) for side, rates in sides.items()}
        found["idle"] = {
            "answers_a_second": {side: [round(rate) for rate in rates] for side, rates in sides.items()},
            "ratio": round(best["ours"] / best["plain"], 2),
        } | held_up(pulses)
    with server(0.5) as url:
        rounds = [event_loop.run(ours(url, 900 * 24, 900)) for _ in range(min(2, given.rounds))]
        ideal = 900 / 0.5
        found["patient"] = {
            "answers_a_second": [round(rate) for rate, _ in rounds],
            "of_ideal": round(max(rate for rate, _ in rounds) / ideal, 3),
        } | held_up(pulse for _, pulse in rounds)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
