"""Bytes that are no HTTP request, answered in the API's error shape as everything else is."""

from __future__ import annotations

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from distill.protocol.error import ApiError

_BODY = orjson.dumps(ApiError("This is no HTTP request that can be read.").body)
_ANSWER = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (
    len(_BODY), _BODY,
)  # fmt: skip


class HttpConnection(HttpToolsProtocol):
    """uvicorn's own, but for the answer to what it cannot read, which is plain text there."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn names it
        """Answer and close."""
        self.transport.write(_ANSWER)
        self.transport.close()
