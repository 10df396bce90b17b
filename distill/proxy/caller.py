"""One request of a caller: its body, whether it is still there, and what is sent back to it.

A body is read whole up to a length; a longer one is passed on piece by piece, so that an upload of any size is never held.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from starlette.types import Message, Receive, Scope, Send

from distill.proxy.headers import value_of


class HungUp(Exception):
    """The caller has gone."""


@dataclass(slots=True)
class Caller:
    """The ASGI server's side of a call. `begun` says whether the answer's head was sent, `lost` whether the caller has gone."""

    scope: Scope
    receive: Receive
    send: Send
    begun: bool = False
    lost: bool = False
    _read: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """As it was sent, escapes and all."""
        return bytes(self.scope["raw_path"]).decode("latin-1")

    @property
    def query(self) -> str:
        return bytes(self.scope["query_string"]).decode("latin-1")

    @property
    def length(self) -> int | None:
        """What the caller says of the body's length; None where it says nothing, 0 where there is no body."""
        told = value_of(self.scope["headers"], b"content-length")
        if told:
            return int(told)
        return None if value_of(self.scope["headers"], b"transfer-encoding") else 0

    async def body(self, most: int) -> bytes | AsyncIterator[bytes]:
        """The body, or its pieces where it is longer than `most`."""
        if self.length is not None and self.length > most:
            return self._pieces(b"")
        held, more = bytearray(), True
        while more and len(held) <= most:
            piece, more = await self._piece()
            held += piece
        return self._pieces(bytes(held)) if more else bytes(held)

    async def _pieces(self, first: bytes) -> AsyncIterator[bytes]:
        if first:
            yield first
        more = True
        while more:
            piece, more = await self._piece()
            if piece:
                yield piece

    async def _piece(self) -> tuple[bytes, bool]:
        message = await self.receive()
        if message["type"] == "http.disconnect":
            self.lost = True
            raise HungUp
        if not message.get("more_body", False):
            self._read.set()
        return message.get("body", b""), message.get("more_body", False)

    async def gone(self) -> None:
        """Returns when the caller hangs up, after its body was read, or has its answer."""
        await self._read.wait()
        while (await self.receive())["type"] != "http.disconnect":
            continue

    async def head(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.begun = True
        await self.send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def piece(self, body: bytes, *, more: bool = True) -> None:
        """Waits where the caller reads slowly."""
        message: Message = {"type": "http.response.body", "body": body, "more_body": more}
        await self.send(message)
