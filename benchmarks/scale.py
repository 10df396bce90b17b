"""A million answers: what the runner holds in memory, how fast it goes, and how soon a resumed run sends.

The teacher is scripted and answers at once, so what is measured is the runner and the store. Prints one JSON object;
`--count` makes it shorter. `--rows 10000000` measures curation on disk instead (`on_disk.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import on_disk
from heartbeat import heartbeat

from distill.money import Budget
from distill.records import Answer, Ended, Request, Usage
from distill.task import event_loop
from distill.teacher import runner
from distill.teacher.pace import Pace
from distill.teacher.pending import Pending
from distill.teacher.progress import Progress
from distill.teacher.store.store import opened


class Instant:
    """Answers at once, and notes when it was first asked."""

    def __init__(self) -> None:
        self.first: float | None = None

    async def answer(self, request: Request) -> Answer:
        self.first = self.first or time.monotonic()
        await asyncio.sleep(0)
        return Answer(request.id, Ended.OK, f"answer to {request.id}" * 4, "stop", Usage(60, 30), status=200)


def requests(count: int) -> Iterator[Request]:
    for number in range(count):
        yield Request(
            "here", {"model": "m", "messages": [{"role": "user", "content": f"row {number} " * 12}], "max_tokens": 64}
        )


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


async def replay(path: Path, count: int) -> tuple[float, float]:
    """(seconds, the loop's longest gap in milliseconds) of going through rows that are all in the store."""
    with opened(path) as store:
        progress = Progress()
        async with heartbeat() as pulse:
            started = time.monotonic()
            assert not await Pending(requests(count), store, progress).any()
            spent = time.monotonic() - started
        assert progress.replayed == count
    return spent, pulse.longest_ms


async def answer(path: Path, count: int, marks: list[float]) -> tuple[float, float]:
    """(seconds to the first send, answers a second); `marks` gets the memory at every tenth."""
    teacher = Instant()
    step = max(1, count // 10)

    def watch(progress: Progress) -> None:
        while progress.done // step > len(marks):
            marks.append(round(resident_mib(), 1))

    with opened(path) as store:
        context = runner.WorkerContext(
            teacher=teacher, store=store, run="bench/001", spender="teacher", budget=Budget(), price=None,
            pace=Pace(in_flight=256), on_change=watch,
        )  # fmt: skip
        started = time.monotonic()
        progress = await runner.run(requests(count), context, in_flight=256)
        spent = time.monotonic() - started
    return (teacher.first or 0) - started, progress.answered / spent


def main() -> None:
    """Fill a store, then resume with a tenth more rows, all new ones at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, help="instead: so many approved rows through curation on disk (on_disk.py)")
    parser.add_argument("--folder", type=Path, help="with --rows: where the files lie meanwhile")
    given = parser.parse_args()
    if given.rows:
        print(json.dumps(on_disk.compared(given.rows, 1_000_000, given.folder), indent=2))
        return
    marks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.db"
        _, rate = event_loop.run(answer(path, given.count, marks))
        replayed, block = event_loop.run(replay(path, given.count))
        first, _ = event_loop.run(answer(path, given.count + 1000, []))
        size = path.stat().st_size
    found = {
        "answers": given.count,
        "answers_a_second": round(rate),
        "memory_mib_at_each_tenth": marks,
        "seconds_to_first_send_of_a_resume": round(first, 2),
        "seconds_to_replay_all": round(replayed, 2),
        "longest_block_ms_meanwhile": round(block, 1),
        "bytes_an_answer": round(size / given.count),
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
