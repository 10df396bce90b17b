"""One attempt at any OpenAI-compatible endpoint: a Request in, an Answer out, every failure classified.

Straight over aiohttp: the SDK's layers cost nine tenths of a core's time, retry on their own account, and let some
broken replies through as exceptions (docs/decisions/plain-http.md). The key is in the session's headers and nowhere else.
"""

from __future__ import annotations

import asyncio
import functools
import io
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from distill.money import Price
from distill.records import Answer, Ended, Json, Request
from distill.secrets.masking import SecretMask, passwords
from distill.teacher import reply
from distill.teacher.endpoint import wire
from distill.teacher.endpoint.names import fixed_resolver

if TYPE_CHECKING:
    import aiohttp

_LIMITS = "x-ratelimit-"
_CONNECT_S = 15.0
"""For the name, the line and its TLS together."""
_IDLE_S = 10.0
"""Idle connections are closed by us before servers do it (most wait 15 s or more), so no request races a close."""
_MOST_BYTES = 16 * 2**20
"""A larger body is no chat completion; it may be a bomb that unpacks without end."""
_LONG_BYTES = 2**20
"""A larger body goes out in pieces, and is read in a thread: one without usage has its tokens counted, which takes long."""


_SECRET = re.compile("key|token|secret|auth|cookie", re.IGNORECASE)


class _TooLarge(ValueError):
    pass


@dataclass(slots=True)
class Endpoint:
    """A server that speaks chat completions; `model` is sent where a body names none."""

    model: str
    base_url: str
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = 120.0
    price: Price | None = None
    mask: SecretMask | None = field(default=None, repr=False)
    """What takes the secrets out of every reply; by itself those of the key, the address and the headers that name one."""
    ip: str | None = None
    """Where its host is, instead of at what the name resolves to; name and certificate stay those of `base_url`."""
    _session: aiohttp.ClientSession | None = field(default=None, init=False, repr=False)
    _proxy: str | None = field(default=None, init=False, repr=False)
    _masks: SecretMask = field(default_factory=SecretMask, init=False, repr=False)
    _unsendable: str = field(default="", init=False)
    """Why nothing can be sent to this address with this key and these headers."""

    async def answer(self, request: Request) -> Answer:
        """Send once; returns within `timeout_s` and a second."""
        session = self._session or self._open()  # its import takes a while and is not the endpoint's to answer for
        started = time.monotonic()
        answer = self._masks.answer(await self._attempt(session, request))
        return replace(answer, latency_s=time.monotonic() - started)

    async def close(self) -> None:
        """Close the connections; safe to call twice."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _attempt(self, session: aiohttp.ClientSession, request: Request) -> Answer:
        if self._unsendable:
            return Answer(request.id, Ended.CONNECTION, error=f"nothing was sent: {self._unsendable}")
        try:
            data = encode({"model": self.model} | dict(request.body))
        except Exception as fault:  # noqa: BLE001 - whatever a body can hold: no endpoint will ever see it
            error = f"nothing was sent, the body is no JSON: {self._said(fault)}"
            return Answer(request.id, Ended.REFUSED, error=error)
        sent = await self._post(session, request, data)
        if isinstance(sent, Answer):
            return sent
        response, body = sent
        if 200 <= response.status < 300:
            read = functools.partial(reply.read_body, body, request, price=self.price)
            answer = await asyncio.to_thread(read) if len(body) > _LONG_BYTES else read()
        else:
            answer = reply.refused(response.status, body, response.headers, request, now=time.time())
        limits = {name.lower(): value for name, value in response.headers.items() if name.lower().startswith(_LIMITS)}
        return replace(answer, limits=limits) if limits else answer

    async def _post(
        self, session: aiohttp.ClientSession, request: Request, data: bytes
    ) -> tuple[aiohttp.ClientResponse, bytes] | Answer:
        """The response with its whole body, or why there is none."""
        import aiohttp

        url = f"{self.base_url.rstrip('/')}/{'responses' if 'input' in request.body else 'chat/completions'}"
        content = io.BytesIO(data) if len(data) > _LONG_BYTES else data  # it goes out a piece at a time
        try:
            async with (
                asyncio.timeout(self.timeout_s),
                session.post(url, data=content, allow_redirects=False, proxy=self._proxy) as response,
            ):
                return response, self._masks.body(await _body(response))
        except (NotSent, aiohttp.InvalidURL, aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as fault:
            return Answer(request.id, Ended.CONNECTION, error=f"nothing was sent: {self._said(fault)}")
        except TimeoutError:
            error = f"no whole answer within {self.timeout_s:g} s; it may be billed"
            return Answer(request.id, Ended.TIMEOUT, error=error)
        except (aiohttp.ClientResponseError, _TooLarge) as fault:
            return Answer(request.id, Ended.MALFORMED, error=self._said(fault), status=200)
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            error = f"the connection broke, it may be billed: {self._said(fault)}"
            return Answer(request.id, Ended.BROKEN, error=error)

    def _open(self) -> aiohttp.ClientSession:
        import aiohttp

        headers = {"content-type": "application/json", "accept": "application/json", **self.headers}
        if self.key:
            headers = {"authorization": f"Bearer {self.key}", **headers}
        named = [value for name, value in self.headers.items() if _SECRET.search(name)]
        self._masks = self.mask or SecretMask.of([self.key, *named, *passwords(self.base_url)])
        at = wire.of_url(self.base_url, keyed=bool(self.key))
        self._unsendable = "; ".join(
            fault for fault in (at, wire.of_key(self.key, ""), *wire.of_headers(headers)) if fault
        )
        if self._unsendable:
            headers = {}
        elif not self.ip:  # a proxy would look the name up by itself
            self._proxy = proxy_of(self.base_url)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, keepalive_timeout=_IDLE_S, resolver=fixed_resolver(self.ip) if self.ip else None
            ),
            # Before `timeout_s` is over, so that what never left is told from what may be billed.
            timeout=aiohttp.ClientTimeout(total=None, connect=min(_CONNECT_S, 0.8 * self.timeout_s)),
            headers=headers,
            request_class=_outgoing(),
        )
        return self._session

    def _said(self, fault: BaseException) -> str:
        """What a fault says, and an end to it: a broken line keeps its exception, and that one's traceback keeps the line;
        the ring would wait for the garbage collector.
        """
        said = self._masks.text(f"{type(fault).__name__}: {fault}")[:400]
        link: BaseException | None = fault
        while link is not None:
            cause = link.__cause__ or link.__context__
            link.__traceback__ = link.__cause__ = link.__context__ = None
            link = cause
        return said


class NotSent(Exception):
    """A request that could not be built: not one byte of it left this machine."""


@functools.cache
def _outgoing() -> type[aiohttp.ClientRequest]:
    """aiohttp's request, which tells what fails before its first byte goes out from what fails after."""
    import aiohttp

    class Outgoing(aiohttp.ClientRequest):
        async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
            try:
                return await super().send(conn)
            except (ValueError, TypeError) as fault:
                raise NotSent(f"{type(fault).__name__}: {fault}") from None

    return Outgoing


def encode(value: Json) -> bytes:
    """A value as compact JSON; half an emoji, which orjson refuses, goes as an escape."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()


async def _body(response: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > _MOST_BYTES:
            raise _TooLarge(f"a reply of more than {_MOST_BYTES >> 20} MiB")
        parts.append(part)
    return b"".join(parts)


def proxy_of(url: str) -> str | None:
    """The proxy that the environment names for an address, read once; never for this machine itself."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in ("127.0.0.1", "localhost", "::1") or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)
