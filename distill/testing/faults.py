"""Every way in which an endpoint fails, by name: from a good answer to what goes over the line instead."""

from __future__ import annotations

import email.utils
import functools
import gzip
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from distill.records import Json


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What goes over the line: pieces with a pause between them, and how the line ends."""

    status: int
    pieces: tuple[bytes | memoryview, ...]
    end: str = "keep"
    """keep · close · reset (RST) · half (FIN, and the line is still read) · hang (nothing more, ever)"""
    pause_s: float = 0.0


def http(
    status: int, body: bytes, *, headers: str = "", kind: str = "application/json", length: int | None = None
) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {size}\r\n{headers}\r\n".encode() + body


def in_dialect(status: int, headers: Mapping[str, str], body: bytes) -> HttpReply:
    """A body of the corpus with its own headers, as bytes that any reader of HTTP takes."""
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if name != "content-type")
    return HttpReply(status, (http(status, body, headers=more, kind=headers.get("content-type", "application/json")),))


def _error(status: int, code: str, message: str, headers: str = "") -> HttpReply:
    error = {"message": message, "type": code, "param": None, "code": code}
    return HttpReply(status, (http(status, orjson.dumps({"error": error}), headers=headers),))


def limited(headers: str) -> HttpReply:
    return _error(429, "rate_limit_exceeded", "Rate limit reached", headers)


def _changed(change: Callable[[dict[str, Json]], Json]) -> Callable[[GoodAnswer], HttpReply]:
    def reply(answer: GoodAnswer) -> HttpReply:
        body = orjson.loads(answer.body)
        changed = change(body)
        return HttpReply(200, (http(200, orjson.dumps(body if changed is None else changed)),))

    return reply


def _message(**fields: Json) -> Callable[[GoodAnswer], HttpReply]:
    return _changed(lambda body: body["choices"][0]["message"].update(fields))


@dataclass(frozen=True, slots=True)
class GoodAnswer:
    """A good answer, before a fault spoils it."""

    body: bytes
    retry_after_s: float


def begun(body: bytes, text: bytes) -> bytes:
    """`body` with `text` at the beginning of its answer, whichever API it is of."""
    mark = b'"text":"' if body.startswith(b'{"id":"resp_') else b'"content":"'
    return body.replace(mark, mark + text, 1)


def _begun(text: bytes) -> Callable[[GoodAnswer], HttpReply]:
    return lambda answer: HttpReply(200, (http(200, begun(answer.body, text)),))


SEPARATORS, HALF_EMOJI = "\u2028\x85\u2029".encode(), b"\\ud83d"


@functools.cache
def _bomb_packed() -> bytes:
    """A few kilobytes that unpack to 64 MB; they take a third of a second."""
    return gzip.compress(b" " * (64 << 20))


def _bomb(_answer: GoodAnswer) -> HttpReply:
    return HttpReply(200, (http(200, _bomb_packed(), headers="content-encoding: gzip\r\n"),))


def _whole(answer: GoodAnswer) -> bytes:
    return http(200, answer.body)


FAULTS: dict[str, Callable[[GoodAnswer], HttpReply]] = {
    "429": lambda a: limited(f"retry-after: {a.retry_after_s:g}\r\n"),
    "429-ms": lambda a: limited(f"retry-after-ms: {a.retry_after_s * 1000:g}\r\n"),
    "429-date": lambda a: limited(
        f"retry-after: {email.utils.formatdate(time.time() + a.retry_after_s, usegmt=True)}\r\n"
    ),
    "429-silent": lambda _: limited(""),
    "429-absurd": lambda _: limited("retry-after: 1e300\r\n"),
    "quota": lambda _: _error(429, "insufficient_quota", "You exceeded your current quota"),
    "400": lambda _: _error(400, "invalid_request_error", "This request is not taken"),
    "401": lambda _: _error(401, "invalid_api_key", "Incorrect API key provided"),
    "404": lambda _: _error(404, "model_not_found", "The model does not exist"),
    "422": lambda _: _error(422, "invalid_request_error", "Unprocessable"),
    "500": lambda _: _error(500, "server_error", "The server had an error"),
    "502": lambda _: HttpReply(502, (http(502, b"<html>Bad gateway</html>", kind="text/html"),)),
    "503": lambda a: _error(503, "overloaded", "Overloaded", f"retry-after: {a.retry_after_s:g}\r\n"),
    "529": lambda _: _error(529, "overloaded_error", "Overloaded"),
    "reset": lambda a: HttpReply(200, (_whole(a)[: len(a.body) // 2],), "reset"),
    "reset-unread": lambda _: HttpReply(0, (), "reset"),
    "half-close": lambda a: HttpReply(200, (_whole(a)[: len(a.body) // 2],), "half"),
    "cut": lambda a: HttpReply(200, (_whole(a)[:-9],), "close"),
    "short-length": lambda a: HttpReply(200, (http(200, a.body, length=len(a.body) - 20),), "close"),
    "long-length": lambda a: HttpReply(200, (http(200, a.body, length=len(a.body) + 20),), "close"),
    "drip": lambda a: HttpReply(200, tuple(bytes([byte]) for byte in _whole(a)), "keep", 0.05),
    "hang": lambda _: HttpReply(0, (), "hang"),
    "hang-midway": lambda a: HttpReply(200, (_whole(a)[:-30],), "hang"),
    "html": lambda _: HttpReply(200, (http(200, b"<html>Just a moment...</html>", kind="text/html"),)),
    "empty": lambda _: HttpReply(200, (http(200, b""),)),
    "not-json": lambda a: HttpReply(200, (http(200, a.body[:-7]),)),
    "not-utf8": _begun(b"\xff\xfe"),
    "no-choices": _changed(lambda body: body.update(choices=[])),
    "null-content": _message(content=None),
    "no-finish": _changed(lambda body: body["choices"][0].update(finish_reason=None)),
    "error-200": _changed(lambda _: {"error": {"message": "upstream failed", "code": 502}}),
    "no-usage": _changed(lambda body: body.pop("usage") and None),
    "surrogate": _begun(HALF_EMOJI),
    "line-separators": _begun(SEPARATORS),
    "length": _changed(lambda body: body["choices"][0].update(finish_reason="length")),
    "filtered": _changed(lambda body: body["choices"][0].update(finish_reason="content_filter")),
    "refusal": _message(content=None, refusal="I can't help with that."),
    "gzip-bomb": _bomb,
}
"""Every fault by its name; the last ones are whole answers that a dataset must not take, or must take with care."""

OF_CHAT = frozenset({"no-choices", "null-content", "no-finish", "length", "filtered", "refusal"})
"""Those that rewrite a chat completion; the Responses API's answers go through them unharmed."""
