"""The host as an ASGI application: all routes with and without /v1, and around them what every request passes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from distill.host.access.bounds import Bounded
from distill.host.access.gate import AccessGate
from distill.host.access.quota import DiskQuota
from distill.host.access.rates import Rates
from distill.host.failures import Answered, refused
from distill.host.host import Host


def app_of(
    host: Host, routes: Sequence[Route], *, during: Callable[[], AbstractAsyncContextManager[None]] | None = None
) -> Starlette:
    """The application of a host; `during` is held while it serves."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if during is None:
            yield
            return
        async with during():
            yield

    settings = host.settings
    app = Starlette(
        routes=[Route("/health", _health), *_both(routes)],
        middleware=[
            Middleware(Answered),
            Middleware(AccessGate, keys=settings.keys, rates=Rates(settings.requests_per_minute)),
            Middleware(Bounded, upload_bytes=settings.upload_bytes),
        ],
        exception_handlers={HTTPException: refused},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.host, app.state.quota = host, DiskQuota(host.home, host.db, settings.quota_bytes)
    return app


def _both(routes: Sequence[Route]) -> list[Route]:
    """Each route behind /v1, where clients look, and without it, for a base URL that leaves it out."""
    return [
        Route(prefix + one.path, one.endpoint, methods=sorted(one.methods or ()), name=one.name)
        for prefix in ("/v1", "")
        for one in routes
    ]


def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})
