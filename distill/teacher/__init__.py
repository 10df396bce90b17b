"""Everything that talks to a model: endpoints, limits, retry, the answer store, and the runner over them.

`ModelClient` is the seam. What implements it: `client.Endpoint` (any OpenAI-compatible server, the embedded one
included, for that one is served over the same HTTP) and `scripted.Scripted` (rehearsals and tests).
"""

from __future__ import annotations

from typing import Protocol

from distill.records import Answer, Request


class ModelClient(Protocol):
    """One attempt at one request. A failure is an Answer too; only a programming error raises."""

    async def answer(self, request: Request) -> Answer:
        """Send once and return what came back, within the endpoint's deadline."""
        ...
