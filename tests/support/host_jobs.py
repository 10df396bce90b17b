"""A host that trains, for tests: the real application with its queue, on a tiny base, in a thread; and files of rows for its jobs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chats import chat
from hosting import ROUTES, serving
from openai import OpenAI

from distill.host import session
from distill.host.app import app_of
from distill.host.home import Home
from distill.host.host import Host
from distill.host.routes import jobs as job_routes
from distill.host.run import SCHEMAS
from distill.host.serving.choose import Engines
from distill.host.settings import HostSettings
from distill.host.state import jobs
from distill.host.state.database import Database
from distill.host.training.queue import JobProcess, TrainingQueue, started


@dataclass(frozen=True, slots=True)
class TrainingHost:
    client: OpenAI
    host: Host

    def upload(self, data: bytes, purpose: str = "fine-tune") -> str:
        return self.client.files.create(file=("rows.jsonl", data), purpose=purpose).id  # type: ignore[arg-type]  # any purpose, and no engine, which no job asks


@contextmanager
def training_host(
    folder: Path, base: Path, *, trains: bool = True, start: Callable[[Path, str], JobProcess] = started
) -> Iterator[TrainingHost]:
    """`trains` is False where jobs are to stay as they were made; `start` starts their processes."""
    home = Home(folder)
    db = Database(home.database, tuple(dict.fromkeys((*SCHEMAS, jobs.SCHEMA))))
    settings = HostSettings(bases={"tiny": str(base)}, aliases={"gpt-4o-mini-2024-07-18": "tiny"})
    queue = TrainingQueue(db, home, start)
    host = Host(settings, home, db, None, queue)  # type: ignore[arg-type]  # any purpose, and no engine, which no job asks

    @asynccontextmanager
    async def during() -> AsyncIterator[None]:
        if trains:
            queue.start()
        yield
        await queue.close()

    routes = tuple({(one.path, *sorted(one.methods or ())): one for one in (*ROUTES, *job_routes.ROUTES)}.values())
    try:
        with (
            serving(app_of(host, routes, during=during)) as (url, _),
            OpenAI(base_url=url, api_key="k", max_retries=0) as client,
        ):
            yield TrainingHost(client, host)
    finally:
        db.close()


@contextmanager
def whole_host(folder: Path, base: Path) -> Iterator[str]:
    """The URL of a host with every route, that trains, in real processes, and answers."""
    home, settings = Home(folder), HostSettings(bases={"tiny": str(base)})
    db = Database(home.database, SCHEMAS)
    host = Host(settings, home, db, Engines(settings, home), TrainingQueue(db, home))
    try:
        with serving(app_of(host, session.ROUTES, during=lambda: session._at_work(host))) as (url, _):
            yield url
    finally:
        db.close()


def rows(count: int = 12, answer: str = "yes") -> bytes:
    """A training file."""
    return b"".join(json.dumps(chat(f"case {number}", answer)).encode() + b"\n" for number in range(count))
