"""How large a body may be: refused by what it announces before a byte is read, and where it passes the limit unannounced.

What still comes after the refusal is thrown away by the server, so that a client that sends first and reads then gets its answer.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from distill.protocol.error import ApiError

JSON_BYTES = 64 << 20
PART_BYTES = 64 << 20
"""Of one part of an upload, as at the public API."""
_FORM = 1 << 16
"""What the form around a file may take."""
_FILES = re.compile(r"^(/v1)?/files/?$")
_PARTS = re.compile(r"^(/v1)?/uploads/[^/]+/parts/?$")


class Bounded:
    """ASGI middleware; ApiError 413 comes out of it, or out of the read that passed the limit."""

    def __init__(self, app: ASGIApp, *, upload_bytes: int) -> None:
        self._app, self._upload_bytes = app, upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with a `receive` that counts."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = most_of(scope["path"], self._upload_bytes)
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > most:
            raise too_large(most)
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                raise too_large(most)
            return message

        await self._app(scope, counted, send)


def most_of(path: str, upload_bytes: int) -> int:
    """The most bytes that a body of this path may have."""
    if _FILES.match(path):
        return upload_bytes + _FORM
    return PART_BYTES + _FORM if _PARTS.match(path) else JSON_BYTES


def too_large(most: int) -> ApiError:
    """413."""
    return ApiError(
        f"The body of the request is larger than the {most:,} bytes that are taken here.",
        status=413,
        code="request_too_large",
    )
