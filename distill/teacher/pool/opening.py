"""From the endpoints of a spec to a pool of them: names resolved, what each serves held against the others, clients opened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from distill.teacher.endpoint import names, wire
from distill.teacher.endpoint.address import Address
from distill.teacher.endpoint.address import opened as reached
from distill.teacher.pace import Pace
from distill.teacher.pool import listed_models
from distill.teacher.pool.member import Member
from distill.teacher.pool.pool import Pool


@asynccontextmanager
async def opened(address: Address, pace_of: Callable[[str], Pace], say: Callable[[str], None]) -> AsyncIterator[Pool]:
    """The pool of an address that stands for several endpoints; every connection is closed on the way out.

    UsageError where they serve different models, RowsOwed where a name resolves to nothing.
    """
    address.check()
    found = await endpoints(address)
    for said in await listed_models.differences(list(found.values())):
        say(f"  {said}")
    async with AsyncExitStack() as stack:
        members = [
            Member(await stack.enter_async_context(reached(one)), pace_of(url), url) for url, one in found.items()
        ]
        yield Pool(members, say)


async def endpoints(address: Address) -> dict[str, Address]:
    """Each endpoint by its URL as it may be shown; of a name with several addresses each with its address behind it."""
    found: dict[str, Address] = {}
    for url in address.urls:
        shown, alone = wire.without_user(url), replace(address, base_url=url, listed=(), each_address=False)
        if not address.each_address:
            found[shown] = alone
            continue
        ips = await names.addresses(url)
        found |= {f"{shown} ({ip})": replace(alone, ip=ip) for ip in ips}
    return found
