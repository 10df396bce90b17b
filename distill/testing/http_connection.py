"""One HTTP/1.1 connection of the double: requests of any size in, replies in pieces out, one at a time.

Small requests are cut from the buffer; a body that fills the buffer is handed on as it is, so that an upload of
200 MB is held once. A reply waits where the peer reads slowly.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from distill.testing.faults import HttpReply


@dataclass(slots=True)
class Call:
    """A request that was read; the body is the receiver's own to change."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytearray
    counted: bool = False
    """Set by the receiver, for itself."""


Answering = Callable[[Call], tuple[HttpReply, float]]
"""From a request to its reply and the seconds to wait before it."""


class Connection(asyncio.Protocol):
    """One connection; `ended` is called once for each reply, when it is written or its line is lost."""

    def __init__(self, answer: Answering, ended: Callable[[Call], None]) -> None:
        self._answer = answer
        self._ended = ended
        self._buffer = bytearray()
        self._head: Call | None = None
        self._missing = 0
        self._chunks: bytearray | None = None
        self._transport: asyncio.Transport | None = None
        self._busy: Call | None = None
        self._paused = False
        self._waiting: tuple[HttpReply, int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # of a TCP server it is one, in uvloop by another name

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        self._transport = None
        self.resume_writing()  # a reply that waited ends here

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._send(*waiting)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._next()

    def _next(self) -> None:
        """Answer the next whole request of the buffer, if there is one and no other is being answered."""
        if self._busy is not None or (self._head is None and not self._read_head()):
            return
        call = self._head
        body = self._body()
        if call is None or body is None:
            return
        self._head = None
        call.body = body
        self._busy = call
        reply, wait_s = self._answer(call)
        if wait_s:
            asyncio.get_running_loop().call_later(wait_s, self._send, reply, 0)
        else:
            self._send(reply, 0)

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        method, path, _ = first.split(" ", 2)
        self._head = Call(method, path, headers, self._buffer)
        self._missing = int(headers.get("content-length", "0"))
        self._chunks = bytearray() if headers.get("transfer-encoding") == "chunked" else None
        if "expect" in headers and len(self._buffer) < max(1, self._missing):
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _body(self) -> bytearray | None:
        """The body once all of it is here."""
        buffer = self._buffer
        if self._chunks is not None:
            return self._dechunked(self._chunks)
        if len(buffer) < self._missing:
            return None
        if len(buffer) == self._missing:
            self._buffer = bytearray()
            return buffer
        body = buffer[: self._missing]
        del buffer[: self._missing]
        return body

    def _dechunked(self, whole: bytearray) -> bytearray | None:
        """The chunks that are here go to `whole`; it is returned after the last one. Trailers are not understood."""
        buffer = self._buffer
        while (end := buffer.find(b"\r\n")) >= 0:
            size = int(bytes(buffer[:end]).split(b";")[0], 16)
            if len(buffer) < end + 4 + size:
                return None
            whole += buffer[end + 2 : end + 2 + size]
            del buffer[: end + 4 + size]
            if not size:
                return whole
        return None

    def _write(self, data: bytes | memoryview) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _send(self, reply: HttpReply, index: int) -> None:
        """Write the pieces from `index` on, then end the line as the reply says."""
        while index < len(reply.pieces):
            if self._paused:
                self._waiting = (reply, index)
                return
            self._write(reply.pieces[index])
            index += 1
            if reply.pause_s and self._transport is not None:
                asyncio.get_running_loop().call_later(reply.pause_s, self._send, reply, index)
                return
        if self._busy is not None:
            self._ended(self._busy)
            self._busy = None
        if self._transport is not None:
            self._end(self._transport, reply.end)

    def _end(self, transport: asyncio.Transport, end: str) -> None:
        match end:
            case "close":
                transport.close()
            case "half":
                with contextlib.suppress(OSError):
                    transport.write_eof()
            case "reset":
                # SO_LINGER with a wait of zero makes close() send RST instead of FIN.
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                transport.abort()
            case "keep":
                self._next()
