"""Sessions over a folder that kill themselves at a named point: each line of stdin is one, run in a fork; its exit status is the reply.

    ["/tmp/x/folder", "/tmp/x/answers.db", "file written", 2]     → -9

Folder, store, point, and how often it is passed before the end. A session is one round, as cron starts it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import answered_folder
from rounds import requests

from distill.records import Request
from distill.teacher.batch import journal
from distill.teacher.batch.by_file import folder_host, request_files
from distill.teacher.batch.files import input_file
from distill.teacher.batch.round import run_round
from distill.teacher.store.store import Store

ROWS = 30
POINTS = (
    "input file begun", "entered", "request file half written", "request file written", "uploaded noted", "creating noted",
    "submitted noted", "lines gathered", "rows settled", "request file removed", "result file moved", "collected noted",
)  # fmt: skip


class Fuse:
    """Burns down by one each time its point is passed; at zero the process is gone."""

    point, left = "never", 0

    @classmethod
    def passed(cls, point: str) -> None:
        if point == cls.point:
            cls.left -= 1
            if cls.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def after(of: Any, name: str, point: str) -> None:
    """Put a point behind a function: whoever calls it passes it."""
    done = getattr(of, name)

    def fused(*given: Any, **named: Any) -> Any:
        found = done(*given, **named)
        Fuse.passed(point)
        return found

    setattr(of, name, fused)


class FusedWriter(input_file.InputFileWriter):
    def add(self, *given: Any, **named: Any) -> bool:
        Fuse.passed("input file begun")
        return super().add(*given, **named)


class FusedStore(Store):
    async def settle_many(self, ended: Iterable[Any]) -> None:
        await super().settle_many(ended)
        Fuse.passed("rows settled")


class FusedHost(folder_host.FolderHost):
    async def delete(self, file_id: str) -> None:
        await super().delete(file_id)
        Fuse.passed("request file removed" if file_id.startswith("requests") else "result file moved")


NOTE, ENTER = journal.note, journal.enter


async def noted(store: Store, key: str, **changes: Any) -> None:
    await NOTE(store, key, **changes)
    Fuse.passed(f"{changes.get('state')} noted")


async def entered(*given: Any, **named: Any) -> None:
    await ENTER(*given, **named)
    Fuse.passed("entered")


def half_written(path: Path) -> Any:
    """The pieces of a file, with a point between them."""
    whole = path.read_bytes()
    yield whole[: len(whole) // 2]
    Fuse.passed("request file half written")
    yield whole[len(whole) // 2 :]


async def one_round(folder: Path, store: Store, rows: list[Request]) -> None:
    with answered_folder.session_in(folder, store) as session:
        await run_round(session, rows)
    store.close()


def status_of(folder: str, store: str, point: str, left: int) -> int:
    """How a session ended, in a fork of its own."""
    child = os.fork()
    if child == 0:
        Fuse.point, Fuse.left = point, left
        asyncio.run(one_round(Path(folder), FusedStore(Path(store)), requests(ROWS)))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    input_file.InputFileWriter = FusedWriter  # type: ignore[misc]  # stands in for it
    answered_folder.FolderHost = FusedHost  # type: ignore[misc]  # stands in for it
    journal.note, journal.enter = noted, entered
    request_files._pieces = half_written
    after(request_files, "write", "request file written")
    after(folder_host.result_files, "gather", "lines gathered")
    for line in sys.stdin:
        print(status_of(*json.loads(line)), flush=True)  # noqa: T201 - the reply


if __name__ == "__main__":
    main()
