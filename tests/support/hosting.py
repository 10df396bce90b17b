"""A host for tests: the real application by the real server, on a free port of 127.0.0.1, in a thread."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from distill.host.app import app_of
from distill.host.home import Home
from distill.host.host import Host
from distill.host.routes import files as file_routes
from distill.host.routes import uploads as upload_routes
from distill.host.run import SCHEMAS, bound, server_of, url_of
from distill.host.serving.choose import Engines
from distill.host.settings import HostSettings
from distill.host.state.database import Database
from distill.host.training.queue import TrainingQueue

ROUTES = (*file_routes.ROUTES, *upload_routes.ROUTES)


@dataclass(frozen=True, slots=True)
class Hosting:
    url: str
    port: int
    host: Host


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        """The error of the reply, whose shape is held."""
        found = json.loads(self.body)
        assert list(found) == ["error"]
        assert list(found["error"]) == ["message", "type", "param", "code"]
        assert found["error"]["message"]
        return dict(found["error"])


def call(port: int, method: str, path: str, body: Any = None, **headers: str) -> Reply:
    """One request; a body that is no bytes goes as JSON. Headers by their names with _ for -."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None and not isinstance(body, bytes):
        body, named = json.dumps(body).encode(), {"content-type": "application/json", **named}
    try:
        line.request(method, path, body, named)
        reply = line.getresponse()
        return Reply(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())
    finally:
        line.close()


def form(*parts: tuple[str, str | None, bytes], boundary: str = "XX") -> tuple[bytes, str]:
    """A multipart body of (field, filename, bytes), and its content type."""
    written = b""
    for name, filename, data in parts:
        named = f'; filename="{filename}"' if filename is not None else ""
        written += (
            f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + data + b"\r\n"
        )
    return written + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def host_in(folder: Path, settings: HostSettings | None = None) -> Host:
    """A host in a folder; its queue of jobs is not started."""
    home, settings = Home(folder), settings or HostSettings()
    db = Database(home.database, SCHEMAS)
    return Host(settings, home, db, Engines(settings, home), TrainingQueue(db, home))


@contextmanager
def serving(app: Starlette) -> Iterator[tuple[str, int]]:
    """The address and port of an application that is served until the block ends."""
    listener = bound("127.0.0.1", 0)
    url, port = url_of(listener), listener.getsockname()[1]
    server = server_of(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield url, port
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def hosting(folder: Path, settings: HostSettings | None = None, routes: Sequence[Route] = ROUTES) -> Iterator[Hosting]:
    host = host_in(folder, settings)

    @asynccontextmanager
    async def during() -> AsyncIterator[None]:
        yield
        await host.engine.close()

    try:
        with serving(app_of(host, routes, during=during)) as (url, port):
            yield Hosting(url, port, host)
    finally:
        host.db.close()
