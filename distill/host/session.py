"""One life of a host, from the lock on its folder to the last answer; and the looks at its folder while none is at work in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from distill.host.app import app_of
from distill.host.home import Home
from distill.host.host import Host
from distill.host.routes import files as file_routes
from distill.host.routes import uploads as upload_routes
from distill.host.run import SCHEMAS, bound, held, serve_app, url_of
from distill.host.serving.engine import EngineChoice
from distill.host.settings import HostSettings
from distill.host.state import cleaning, files, uploads
from distill.host.state.cleaning import Held, Usage
from distill.host.state.database import Database

ROUTES = (*file_routes.ROUTES, *upload_routes.ROUTES)
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
        host = Host(settings, home, db, None, None)

        @asynccontextmanager
        async def during() -> AsyncIterator[None]:
            tidying = asyncio.create_task(_tidy(host))
            ready(Started(url_of(listener), home.folder, settings.bases, settings.aliases, (), key_env, ()))
            try:
                yield
            finally:
                tidying.cancel()

        serve_app(app_of(host, ROUTES, during=during), listener)


async def _tidy(host: Host) -> None:
    """Delete what is over, now and then; a look that fails is made up for by the next."""
    while True:
        await asyncio.sleep(_TIDY_S)
        with contextlib.suppress(OSError):
            await asyncio.to_thread(files.expire, host.db, host.home)
            await asyncio.to_thread(uploads.expire, host.db, host.home)


def usage(home: Home) -> Usage:
    """What a host's folder holds, whether or not one is at work in it."""
    db = Database(home.database, SCHEMAS)
    with closing(db):
        return cleaning.usage(db, home)


def clean_up(home: Home) -> tuple[Held, Usage]:
    """Remove what nobody needs; what was removed, and what is left. UsageError while a host is at work there."""
    with held(home) as db:
        return cleaning.clean_up(db, home), cleaning.usage(db, home)
