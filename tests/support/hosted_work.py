"""One hosted training at the tuning host, for a test: its files, and the call, also from a process that is killed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import forks
from chats import write_rows
from tuning_jobs import TuningHost

from distill.student.hosts.host import Event, HostAddress, TuningJob
from distill.student.hosts.job import HostedResult
from distill.student.hosts.tune import tune

KEY = "sk-canary-1234567890"
CHILD = """
import asyncio, sys
from pathlib import Path
from distill.student.hosts.host import HostAddress, TuningJob
from distill.student.hosts.tune import tune
url, folder = sys.argv[1], Path(sys.argv[2])
asyncio.run(tune(HostAddress(base_url=url, key="k"), TuningJob("tiny", folder / "train.jsonl", folder / "valid.jsonl"),
                 state=folder / "student" / "job.json", poll_s=0.01))
"""


class Work:
    """The files of one hosted training, and the call."""

    def __init__(self, folder: Path, rows: int = 12) -> None:
        self.train, self.valid = write_rows(folder / "train.jsonl", rows), write_rows(folder / "valid.jsonl", 4)
        self.state = folder / "student" / "job.json"

    def job(self, model: str = "tiny", **settings: Any) -> TuningJob:
        return TuningJob(model, self.train, self.valid, **settings)

    async def tune(
        self,
        host: TuningHost,
        model: str = "tiny",
        on_event: Callable[[Event], None] | None = None,
        **settings: Any,
    ) -> HostedResult:
        reach = HostAddress(base_url=host.base_url, key=KEY, timeout_s=2)
        return await tune(reach, self.job(model, **settings), state=self.state, poll_s=0.01, on_event=on_event)


async def killed_at_the_create(host: TuningHost, folder: Path) -> None:
    """Another process begins, and is killed once the host has made the job and before it can write its id down."""
    child = forks.python(CHILD, host.base_url, folder)
    async with asyncio.timeout(30):
        await host.created.wait()
    child.kill()
    await child.communicate()
