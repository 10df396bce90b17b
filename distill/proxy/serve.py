"""A proxy that serves until it is told to end: SIGINT and SIGTERM let the calls under way end first, a few seconds long.

serve(settings, say=print, ready=lambda url: print(url))          # what `status` says at the end
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from distill.errors import UsageError
from distill.folder_lock import locked
from distill.proxy.parts import ProxyParts, Say, assembled, student_parts
from distill.proxy.recording.writer import LogWriter
from distill.proxy.settings import ProxySettings
from distill.proxy.status import status
from distill.proxy.upstream import opened
from distill.records import Json
from distill.task import event_loop

_LAST_CALLS_S = 10
_LAST_SHADOWS_S = 5.0
"""How long the student may go on with calls that wait for it."""
_IDLE_S = 75
"""How long a caller's connection is kept open."""
_SWITCH_S = 0.0005
"""Threads change places so often: the one that writes rows must not hold a call up for the usual five thousandths."""


def serve(settings: ProxySettings, *, say: Say, ready: Callable[[str], None]) -> dict[str, Json]:
    """The status at the end. UsageError where the port is taken, no student can be asked, or another proxy records here."""
    sys.setswitchinterval(_SWITCH_S)
    gc.freeze()  # what was imported is not walked through again and again while calls wait
    with _alone(settings, say), _listening(settings.host, settings.port) as listener:
        return event_loop.run(_serve(settings, listener, say, ready))


async def _serve(
    settings: ProxySettings, listener: socket.socket, say: Say, ready: Callable[[str], None]
) -> dict[str, Json]:
    async with proxy(settings, say) as parts:
        server, loop = uvicorn.Server(config(parts)), asyncio.get_running_loop()
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, lambda: None)  # the server sends itself again what has ended it
        ready(address(settings.host, listener))
        await server.serve(sockets=[listener])
    return status(parts)


@asynccontextmanager
async def proxy(settings: ProxySettings, say: Say) -> AsyncIterator[ProxyParts]:
    """All that serves, at work until the block ends; then every row is written."""
    writer, student = LogWriter(settings.logs, say), None
    works = list[asyncio.Task[None]]()
    try:
        student = await asyncio.to_thread(student_parts, settings, writer, say)
        async with opened(settings.upstream) as upstream:
            works = [asyncio.ensure_future(work) for work in (student.works if student else [])]
            yield assembled(settings, upstream, writer, student)
    finally:
        if student is not None and student.shadow is not None:
            await student.shadow.finish(_LAST_SHADOWS_S)
        for one in works:
            one.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        await asyncio.to_thread(writer.close)


def application(parts: ProxyParts) -> Starlette:
    """The routes."""

    async def how(_: Request) -> JSONResponse:
        return JSONResponse(status(parts))

    return Starlette(routes=[Route("/proxy/status", how), Mount("/", app=parts.passing)])


def config(parts: ProxyParts) -> uvicorn.Config:
    """The HTTP server's. It adds no header, and writes no log: what calls hold stands in no line of it."""
    return uvicorn.Config(
        application(parts), http="httptools", ws="none", lifespan="off", log_config=None, log_level="critical", access_log=False,
        server_header=False, date_header=False, proxy_headers=False, timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_LAST_CALLS_S, backlog=2048,
    )  # fmt: skip


def address(host: str, listener: socket.socket) -> str:
    """What callers take as their base URL."""
    port = listener.getsockname()[1]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as fault:
        raise UsageError(
            f"{host}:{port} cannot be listened at: {os.strerror(fault.errno) if fault.errno else fault}; --port takes another, 0 a free one"
        ) from None
    with listener:
        yield listener


@contextlib.contextmanager
def _alone(settings: ProxySettings, say: Say) -> Iterator[None]:
    """Hold the folder of the rows. Where the system refuses even that, calls are answered all the same."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(
                locked(
                    settings.logs, str(settings.logs), "one proxy at a time records there; --logs takes another folder"
                )
            )
        except OSError as fault:
            say(f"recording: {settings.logs}: {fault.strerror or fault}; calls are answered all the same")
        yield
