"""One life of a host, from the lock on its folder to the last answer; and the looks at its folder while none is at work in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from distill import extras
from distill.host.app import app_of
from distill.host.home import Home
from distill.host.host import Host
from distill.host.routes import batches as batch_routes
from distill.host.routes import chat as chat_routes
from distill.host.routes import completions as completion_routes
from distill.host.routes import embeddings as embedding_routes
from distill.host.routes import files as file_routes
from distill.host.routes import jobs as job_routes
from distill.host.routes import models as model_routes
from distill.host.routes import uploads as upload_routes
from distill.host.run import SCHEMAS, bound, held, serve_app, url_of
from distill.host.serving.answers.answerer import Answerer
from distill.host.serving.batches.worker import BatchWorker
from distill.host.serving.choose import Engines, choices
from distill.host.serving.engine import EngineChoice
from distill.host.settings import HostSettings
from distill.host.state import cleaning, files, jobs, uploads
from distill.host.state.cleaning import DiskUsage, Held
from distill.host.state.database import Database
from distill.host.training.queue import TrainingQueue

ROUTES = tuple(
    route
    for module in (
        file_routes, upload_routes, job_routes, model_routes, chat_routes, completion_routes, embedding_routes, batch_routes,
    )
    for route in module.ROUTES
)  # fmt: skip
_TIDY_S = 600.0
"""Seconds between looks for files and uploads whose time is over."""


@dataclass(frozen=True, slots=True)
class Started:
    """What a host that is ready tells."""

    url: str
    folder: Path
    bases: Mapping[str, str]
    aliases: Mapping[str, str]
    engines: Sequence[EngineChoice]
    key_env: str | None
    notes: Sequence[str]


def serve(settings: HostSettings, home: Home, key_env: str | None, ready: Callable[[Started], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; UsageError where it cannot begin."""
    with held(home) as db, closing(bound(settings.address, settings.port)) as listener:
        cleaning.sweep(db, home)
        found = choices(settings, home)
        host = Host(settings, home, db, Engines(settings, home), TrainingQueue(db, home))

        @asynccontextmanager
        async def during() -> AsyncIterator[None]:
            async with _at_work(host):
                ready(
                    Started(url_of(listener), home.folder, settings.bases, settings.aliases, found, key_env, _notes(db))
                )
                yield

        serve_app(app_of(host, ROUTES, during=during), listener)


@asynccontextmanager
async def _at_work(host: Host) -> AsyncIterator[None]:
    """What goes on beside the requests: jobs, batches, and looks for what is over."""
    worker = BatchWorker(host.home, Answerer(host.settings, host.db, host.engine))
    beside = [asyncio.create_task(worker.run()), asyncio.create_task(_tidy(host))]
    host.queue.start()
    try:
        yield
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await host.queue.close()
        await host.engine.close()


def _notes(db: Database) -> list[str]:
    """What somebody who starts a host should know."""
    going = [job.id for job in reversed(jobs.every(db)) if not job.ended and job.status != "paused"]
    notes = [f"{len(going)} job{'s go' if len(going) > 1 else ' goes'} on: {', '.join(going)}"] if going else []
    if gone := extras.missing("train"):
        notes.append(f"no job can be trained here, since {', '.join(gone)} is missing; {extras.hint('train')}")
    return notes


async def _tidy(host: Host) -> None:
    """Delete what is over, now and then; a look that fails is made up for by the next."""
    while True:
        await asyncio.sleep(_TIDY_S)
        with contextlib.suppress(OSError):
            await asyncio.to_thread(files.expire, host.db, host.home)
            await asyncio.to_thread(uploads.expire, host.db, host.home)


def usage(home: Home) -> DiskUsage:
    """What a host's folder holds, whether or not one is at work in it."""
    db = Database(home.database, SCHEMAS)
    with closing(db):
        return cleaning.usage(db, home)


def clean_up(home: Home) -> tuple[Held, DiskUsage]:
    """Remove what nobody needs; what was removed, and what is left. UsageError while a host is at work there."""
    with held(home) as db:
        return cleaning.clean_up(db, home), cleaning.usage(db, home)
