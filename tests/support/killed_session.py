"""Batch sessions that kill themselves at a named point: each line of stdin is one, run in a fork; its exit status is the reply.

    ["http://127.0.0.1:8811/v1", "/tmp/x/answers.db", "create answered", 2, ""]     → -9

Address, store, point, how often it is passed before the end, and a mutant, which breaks a promise on purpose. The
clock of the host is moved on between rounds, so a session that nobody kills runs to its end. One at the point "here" is run in
this process itself, so that the forks after it have all that a session loads on its way.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Iterable
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import Request as Call
from urllib.request import urlopen

import openai
from rounds import requests, session_at

from distill.teacher.batch import journal
from distill.teacher.batch.files import input_file, results
from distill.teacher.batch.host import client
from distill.teacher.batch.host.client import BatchHost
from distill.teacher.batch.host.state import Look
from distill.teacher.batch.journal import BatchEntry
from distill.teacher.batch.round import run_round
from distill.teacher.store.store import Store
from distill.text import tokens

ROWS = 30
POINTS = (
    "before the file", "amid the file", "after the file", "amid the entry", "after the entry", "upload under way", "upload answered",
    "uploaded recorded", "creating recorded", "create under way", "create answered", "submitted recorded", "ended seen",
    "download under way", "download done", "amid the results", "before a file is removed", "after a file is removed",
    "before collected is recorded", "collected recorded",
)  # fmt: skip
HERE = "here"
T = TypeVar("T")


class Fuse:
    """Burns down by one each time its point is passed; at zero the process is gone."""

    point, left = "never", 0

    @classmethod
    def passed(cls, point: str) -> None:
        if point == cls.point:
            cls.left -= 1
            if cls.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    @classmethod
    async def under_way(cls, point: str, work: Awaitable[T]) -> T:
        """The work, and the point in its middle: after it was begun and before its end is seen."""
        task = asyncio.ensure_future(work)
        if point == cls.point:
            await asyncio.sleep(0.004)
            cls.passed(point)
        return await task


class FusedHost(BatchHost):
    async def upload(self, path: Path) -> str:
        made = await Fuse.under_way("upload under way", super().upload(path))
        Fuse.passed("upload answered")
        return made

    async def create(self, file_id: str, *, url: str, key: str) -> Look:
        made = await Fuse.under_way("create under way", super().create(file_id, url=url, key=key))
        Fuse.passed("create answered")
        await Entries.enter_late()
        return made

    async def look(self, batch_id: str) -> Look:
        found = await super().look(batch_id)
        if found.ended:
            Fuse.passed("ended seen")
        return found

    async def download(self, file_id: str, to: Path) -> None:
        await Fuse.under_way("download under way", super().download(file_id, to))
        Fuse.passed("download done")

    async def delete(self, file_id: str) -> None:
        Fuse.passed("before a file is removed")
        await super().delete(file_id)
        Fuse.passed("after a file is removed")


class FusedWriter(input_file.InputFileWriter):
    def __init__(self, *given: Any) -> None:
        Fuse.passed("before the file")
        super().__init__(*given)

    def add(self, *given: Any, **named: Any) -> bool:
        Fuse.passed("amid the file")
        return super().add(*given, **named)

    def __exit__(self, *given: Any) -> None:
        super().__exit__(*given)
        Fuse.passed("after the file")


class FusedStore(Store):
    async def settle_many(self, ended: Iterable[Any]) -> None:
        await super().settle_many(ended)
        Fuse.passed("amid the results")

    def _transaction(self, groups: Any) -> list[int]:
        enters = any("INSERT INTO batches" in sql for statements in groups for sql, _ in statements)
        # All is written and nothing is committed when SQLite comes to this word.
        self._db.set_trace_callback(lambda said: Fuse.passed("amid the entry") if enters and said == "COMMIT" else None)
        return super()._transaction(groups)


class Entries:
    """The journal's writes with their points. The mutant enters a batch only when the host has made it."""

    mutant = ""
    late: tuple[Any, ...] | None = None
    enter, note = staticmethod(journal.enter), staticmethod(journal.note)

    @classmethod
    async def entered(cls, store: Store, batch: BatchEntry, rows: Any, **how: Any) -> None:
        if cls.mutant:
            cls.late = (store, batch, list(rows))
            return
        await cls.enter(store, batch, rows, **how)
        Fuse.passed("after the entry")

    @classmethod
    async def enter_late(cls) -> None:
        if cls.late is not None:
            late, cls.late = cls.late, None
            await cls.enter(*late)

    @classmethod
    async def noted(cls, store: Store, key: str, **changes: Any) -> None:
        if changes.get("state") == "collected":
            Fuse.passed("before collected is recorded")
        await cls.note(store, key, **changes)
        Fuse.passed(f"{changes.get('state')} recorded")


def later(url: str) -> None:
    """Move the host's clock on."""
    clock = f"{url.removesuffix('/v1')}/clock"
    urlopen(Call(clock, b'{"step_s": 2600}', method="POST")).read()  # noqa: S310 - the double


async def run(url: str, path: str, point: str, after: int, mutant: str) -> None:
    Fuse.point, Fuse.left, Entries.mutant = point, after, mutant
    store = FusedStore(Path(path))
    async with session_at(url, store) as session:
        for _ in range(30):
            await run_round(session, requests(ROWS))
            if not session.out and not session.waiting:
                store.close()
                return
            later(url)
    raise AssertionError("the session does not end")


def status_of(*given: Any) -> int:
    """How a session ended, in a fork of its own or here."""
    if HERE in given:
        asyncio.run(run(*given))
        return 0
    child = os.fork()
    if child == 0:
        asyncio.run(run(*given))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    client.BatchHost = FusedHost  # type: ignore[misc]  # stands in for it
    input_file.InputFileWriter = FusedWriter  # type: ignore[misc]  # stands in for it
    journal.enter, journal.note = Entries.entered, Entries.noted
    results.CHUNK = 1500
    tokens.count(f"{openai.__name__} is loaded here, once for all forks")
    for line in sys.stdin:
        print(status_of(*json.loads(line)), flush=True)  # noqa: T201 - the reply


if __name__ == "__main__":
    main()
