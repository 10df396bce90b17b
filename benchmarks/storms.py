"""A bad provider: honest limits, a storm of 429s, and hundreds of short runs with random faults. Prints one JSON object.

limits   3,000 requests and 200,000 tokens a minute, real minutes: time against the ideal, share refused, early knocks
storm    everything refused for so many seconds: rows failed, and the rate afterwards against the ideal
hangs    runs with random faults, hangs among them: how many did not end within their bound or left a task behind, and the
         longest time that any one attempt took over its deadline
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distill.money import Budget, Rate
from distill.records import Answer, Request
from distill.task import event_loop
from distill.teacher import runner
from distill.teacher.endpoint.client import Endpoint
from distill.teacher.pace import Pace
from distill.teacher.progress import Progress
from distill.teacher.store.store import opened
from distill.testing.fault_server import Script, Server, serve
from distill.testing.faults import FAULTS

STOPS = {"quota", "401", "404"}
"""Faults that rightly end a run."""
ATTEMPT_S = 0.5
"""What an attempt may take in `hangs`."""


def rows(count: int, words: int) -> list[Request]:
    text = "word " * words
    return [
        Request("here", {"model": "m", "messages": [{"role": "user", "content": f"{n} {text}"}], "max_tokens": 400})
        for n in range(count)
    ]


async def ask(server: Server, requests: list[Request], *, in_flight: int, teacher: Any = None, **more: Any) -> Progress:
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "answers.db") as store:
        rate = Rate(1, 1)
        teacher = teacher or Endpoint("m", server.base_url, price=rate.usd, timeout_s=30.0)
        context = runner.WorkerContext(
            teacher=teacher, store=store, run="bench/001", spender="teacher", budget=Budget(), price=rate.usd,
            pace=Pace(in_flight=in_flight), **more,
        )  # fmt: skip
        try:
            return await runner.run(requests, context, in_flight=in_flight)
        finally:
            await teacher.close()


async def limits(minutes: float) -> dict[str, Any]:
    """Enough rows for so many full windows after the first; the tokens are the tighter limit."""
    per_minute = 200_000
    async with serve(Script(requests_per_minute=3000, tokens_per_minute=per_minute, latency_s=0.2)) as server:
        requests = rows(round(600 * (minutes + 1)), 160)
        started = time.monotonic()
        progress = await ask(server, requests, in_flight=64)
        spent = time.monotonic() - started
        entries = server.ledger.entries
    used = sum(entry.prompt_tokens + entry.completion_tokens for entry in entries)
    windows = max(1, -(-used // per_minute))  # a sliding window lets the first one through at once
    return {
        "rows": progress.answered, "seconds": round(spent, 1), "tokens": used,
        "ideal_seconds": 60 * (windows - 1), "of_ideal": round(60 * (windows - 1) / spent, 3),
        "refused_share": round(sum(entry.status == 429 for entry in entries) / len(entries), 4),
        "early": sum(entry.early for entry in entries),
    }  # fmt: skip


async def storm(seconds: float) -> dict[str, Any]:
    async with serve(Script(storm=(3.0, 3.0 + seconds), latency_s=0.1, retry_after_s=2.0)) as server:
        progress = await ask(server, rows(6000, 10), in_flight=32)
        entries = server.ledger.entries
    first = entries[0].at
    after = [entry.at for entry in entries if entry.status == 200 and entry.at > first + 3.0 + seconds]
    return {
        "rows": progress.answered, "failed": progress.failed, "refused": sum(entry.status == 429 for entry in entries),
        "early": sum(entry.early for entry in entries),
        "rate_after_of_ideal": round(len(after) / (after[-1] - after[0]) / (32 / 0.1), 3),
        "seconds_lost_after": round(after[0] - first - 3.0 - seconds, 2),
    }  # fmt: skip


@dataclass(slots=True)
class Clocked:
    """An endpoint, and the longest that an attempt took."""

    endpoint: Endpoint
    longest_s: float = 0.0

    async def answer(self, request: Request) -> Answer:
        started = time.monotonic()
        answer = await self.endpoint.answer(request)
        self.longest_s = max(self.longest_s, time.monotonic() - started)
        return answer

    async def close(self) -> None:
        await self.endpoint.close()


async def hangs(runs: int) -> dict[str, Any]:
    """Each run: 30 rows, a random mix of faults, half a second an attempt. Eight go at the same time, for they mostly wait."""
    draw = random.Random(1)
    names = sorted(set(FAULTS) - STOPS - {"gzip-bomb"})
    mixes = [{name: draw.uniform(0, 0.15) for name in draw.sample(names, 3)} | {"hang": 0.03} for _ in range(runs)]
    late = ended = answered = 0
    longest_s = 0.0
    turns = asyncio.Semaphore(8)

    async def one(seed: int) -> None:
        nonlocal late, ended, answered, longest_s
        async with turns, serve(Script(seed=seed, faults=mixes[seed], retry_after_s=0.05)) as server:
            teacher = Clocked(Endpoint("m", server.base_url, price=Rate(1, 1).usd, timeout_s=ATTEMPT_S))
            try:
                async with asyncio.timeout(60):
                    progress = await ask(server, rows(30, 5), in_flight=10, teacher=teacher, attempts=4)
                ended += progress.answered + progress.failed == 30
                answered += progress.answered
            except TimeoutError:
                late += 1
            longest_s = max(longest_s, teacher.longest_s)

    started = time.monotonic()
    await asyncio.gather(*(one(seed) for seed in range(runs)))
    return {
        "runs": runs, "ended": ended, "hung": late, "tasks_left_behind": len(asyncio.all_tasks()) - 1,
        "longest_attempt_over_its_deadline_s": round(longest_s - ATTEMPT_S, 3),
        "rows_answered_of": f"{answered} of {runs * 30}", "seconds": round(time.monotonic() - started, 1),
    }  # fmt: skip


def main() -> None:
    """About five minutes by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--parts", nargs="+", choices=["limits", "storm", "hangs"], default=["limits", "storm", "hangs"]
    )
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--storm", type=float, default=30.0)
    parser.add_argument("--runs", type=int, default=200)
    given = parser.parse_args()
    works = {"limits": (limits, given.minutes), "storm": (storm, given.storm), "hangs": (hangs, given.runs)}
    found = {part: event_loop.run(works[part][0](works[part][1])) for part in given.parts}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
