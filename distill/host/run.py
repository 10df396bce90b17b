"""The host as a process: its folder held, its port bound, what a crash left swept away, and a clean end at Ctrl-C or SIGTERM."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from distill.errors import UsageError
from distill.folder_lock import locked
from distill.host.home import Home
from distill.host.state import batches, files, jobs, models, uploads
from distill.host.state.database import Database
from distill.host.wire import HttpConnection

SCHEMAS = (files.SCHEMA, uploads.SCHEMA, models.SCHEMA, jobs.SCHEMA, batches.SCHEMA)
_LAST_S = 5
"""Seconds that answers on their way may take at the end."""
_IDLE_S = 75
"""Seconds that a connection without a request stays open: longer than clients keep theirs, so that none sends into a closing one."""


@contextmanager
def held(home: Home) -> Iterator[Database]:
    """The database of a host's folder in which nobody else is at work; UsageError names the process that is."""
    with locked(
        home.folder / "host", f"the host's folder {home.folder}", "stop that one first, or name another --folder"
    ):
        db = Database(home.database, SCHEMAS)
        try:
            yield db
        finally:
            db.close()


def bound(address: str, port: int) -> socket.socket:
    """A socket that clients can connect to from now on; UsageError where the port is taken, or the address none of this machine."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address or "none", port))  # an empty one would mean all
        made.listen(2048)
    except (OSError, OverflowError) as fault:
        made.close()
        if getattr(fault, "errno", None) == errno.EADDRINUSE:
            told = f"port {port} of {address} is taken; name another with --port, or 0 for a free one"
        elif getattr(fault, "errno", None) == errno.EACCES:
            told = f"port {port} may not be opened by this user; name one from 1024 on with --port"
        else:
            told = f"--address {address}: {getattr(fault, 'strerror', None) or fault}; expected an address of this machine, such as 127.0.0.1"
        raise UsageError(told) from None
    return made


def url_of(bound_socket: socket.socket) -> str:
    """The base URL for clients of this machine."""
    address, port = bound_socket.getsockname()[:2]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(address, f"[{address}]" if ":" in address else address)  # noqa: S104  # read, not bound
    return f"http://{name}:{port}/v1"


class HostServer(uvicorn.Server):
    """uvicorn's own, but for signals: the first is a clean end, and none is raised again after it. The second ends the process at
    once, which loses nothing: what was answered is on the disk.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # the signature of a handler
        """Begin to end, or end."""
        if self.should_exit:
            os._exit(128 + sig)
        self.should_exit = True


def server_of(app: Starlette) -> HostServer:
    """The server as a host runs it."""
    return HostServer(
        uvicorn.Config(
            app, http=HttpConnection, log_config=None, log_level="error", access_log=False, server_header=False, proxy_headers=False,
            ws="none", lifespan="on", timeout_keep_alive=_IDLE_S, timeout_graceful_shutdown=_LAST_S,
        )
    )  # fmt: skip


def serve_app(app: Starlette, listener: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM; what is on its way may end, and the application's lifespan does."""
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # a client's odd form is answered, and no news
    server = server_of(app)
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {
        number: signal.signal(number, server.handle_exit) for number in numbers
    }  # also before and after it listens to them
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
