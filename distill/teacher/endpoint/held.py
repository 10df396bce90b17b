"""One model of this machine that stays up between several rounds of calls: to start it may take longer than what it is asked.

One at a time, so that no two models are in memory together. Nothing is started before something is asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from distill.teacher import ModelClient
from distill.teacher.endpoint.address import Address, opened


@dataclass(slots=True)
class HeldModel:
    """The model that is up, and where it is; none before the first is asked."""

    client: ModelClient | None = None
    address: Address | None = None
    starts: int = 0
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @asynccontextmanager
    async def at(self, address: Address) -> AsyncIterator[ModelClient]:
        """The model of an address, which is started where another or none is up. One elsewhere is reached as ever."""
        if not address.local:
            async with opened(address) as client:
                yield client
            return
        if self.client is None or self.address != address:
            await self.close()
            self.client, self.address = await self._stack.enter_async_context(opened(address)), address
            self.starts += 1
        yield self.client

    async def close(self) -> None:
        """Stop what is up."""
        await self._stack.aclose()
        self.client = self.address = None
