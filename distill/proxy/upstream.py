"""The server to which calls are passed on, by connections that are kept open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from distill.errors import UsageError
from distill.proxy.headers import AUTO
from distill.url import wrong

PREFIX = "/v1"
"""What callers put before a path; the upstream's own stands in its place."""
_CONNECT_S = 10.0
_LONGEST_HEADER = 1 << 16


@dataclass(frozen=True, slots=True)
class Upstream:
    """`url` is as a client of the API takes it, `https://api.openai.com/v1`."""

    url: str
    session: aiohttp.ClientSession

    def address(self, path: str, query: str) -> URL | None:
        """Where a caller's path leads, spelt as the caller spelt it; None where it is none of the API's."""
        if path != PREFIX and not path.startswith(f"{PREFIX}/"):
            return None
        if any(part in ("..", ".") for part in path.lower().replace("%2e", ".").split("/")):
            return None
        return URL(f"{self.url}{path.removeprefix(PREFIX)}{f'?{query}' if query else ''}", encoded=True)

    async def send(
        self, method: str, url: URL, headers: CIMultiDict[str], body: bytes | AsyncIterator[bytes] | None
    ) -> aiohttp.ClientResponse:
        """The answer's head; its body is read by the caller. aiohttp.ClientError or TimeoutError where there is none."""
        return await self.session.request(
            method, url, headers=headers, data=body, allow_redirects=False, skip_auto_headers=AUTO
        )


def base_url(given: str) -> str:
    """The address that `--to` means: one without a path has the API's usual one. UsageError where it is none."""
    if fault := wrong(given):
        raise UsageError(f"--to {fault}")
    url = given.rstrip("/")
    return url if urlsplit(url).path else url + PREFIX


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Upstream]:
    """Waits for an answer as long as the caller does. No cookie is kept, and no proxy or key is read from anywhere."""
    session = aiohttp.ClientSession(
        auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False,
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=15, ttl_dns_cache=60),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
        max_line_size=_LONGEST_HEADER, max_field_size=_LONGEST_HEADER,
    )  # fmt: skip
    async with session:
        yield Upstream(url, session)
