"""Names with several addresses: what a name stands for, and a client that goes to one of its addresses.

The name stays in the Host header and in what a certificate is checked against; only where the connection goes is fixed.
"""

from __future__ import annotations

import asyncio
import functools
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from distill.errors import RowsOwed

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver, ResolveResult


async def addresses(url: str) -> list[str]:
    """Every IP address of the host of a URL, in order and each once; RowsOwed where the name resolves to none."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as fault:
        raise RowsOwed(
            f"the name {host!r} in base_url resolves to no address ({fault}); fix it, or run again once its endpoints are up: nothing is lost"
        ) from None
    return sorted({str(info[4][0]) for info in found})


def fixed_resolver(ip: str) -> AbstractResolver:
    """A resolver that answers every name with one address."""
    return _fixed()(ip)  # type: ignore[call-arg]  # the class is made late, so that `distill --help` imports no aiohttp


@functools.cache
def _fixed() -> type[AbstractResolver]:
    from aiohttp.abc import AbstractResolver

    class Fixed(AbstractResolver):
        def __init__(self, ip: str) -> None:
            self._ip = ip

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            family = socket.AF_INET6 if ":" in self._ip else socket.AF_INET
            flags = socket.AI_NUMERICHOST
            return [{"hostname": host, "host": self._ip, "port": port, "family": family, "proto": 0, "flags": flags}]

        async def close(self) -> None:
            """Nothing is open."""

    return Fixed
