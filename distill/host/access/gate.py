"""What every request passes first: no web page of elsewhere, a key where one is wanted, and no more of them than allowed."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from distill.host.access.keys import check_key, check_page
from distill.host.access.rates import Rates

OPEN = ("/health",)
"""What anybody may ask: whether the host is up."""


class AccessGate:
    """ASGI middleware; ApiError 401, 403 and 429 come out of it."""

    def __init__(self, app: ASGIApp, *, keys: Sequence[str], rates: Rates) -> None:
        self._app, self._keys, self._rates = app, keys, rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, and tell in its answer how many more may come."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        check_page(headers, guarded=bool(self._keys))
        told = self._rates.take(check_key(headers.get("authorization", ""), self._keys))
        added = [(name.encode(), value.encode()) for name, value in told.items()]

        async def with_rates(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self._app(scope, receive, with_rates if added else send)
