"""A base that came as a GGUF file, or its student, answered by llama.cpp from the very token ids that training reads.

The server is given ids and not turns: its own reading of a chat template may differ from the one that the rows were trained by. It keeps
nothing between two calls, so an answer depends on its request alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from distill import finish_reason
from distill.errors import UsageError
from distill.records import Answer, Ended, Json, Request
from distill.teacher.engines import llama_cpp
from distill.teacher.engines.in_process import message
from distill.teacher.reply import read_object

if TYPE_CHECKING:
    import aiohttp
    from transformers import PreTrainedTokenizerBase

    from distill.base_model.local import LocalWeights

_MOST_TOKENS = 1024
"""Of an answer, where a request does not say."""
MOST_CONTEXT = 8192
"""Tokens of a call: a larger window takes memory for nothing that a row of the dataset needs."""


@dataclass(slots=True)
class GgufModel:
    """A `ModelClient` over llama.cpp's own route for completions; one call at a time."""

    session: aiohttp.ClientSession
    url: str
    tokenizer: PreTrainedTokenizerBase
    context: int
    one_at_a_time: asyncio.Lock

    async def answer(self, request: Request) -> Answer:
        """Send once; what does not fit, or has no form in the base's template, is refused as a server would."""
        from distill.base_model.chat_format import chat_format

        most = request.max_tokens or _MOST_TOKENS
        try:
            text = chat_format(self.tokenizer).prompt(request.turns, request.body.get("tools") or ())
        except UsageError as fault:
            return Answer(request.id, Ended.REFUSED, error=str(fault), status=400)
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        if len(ids) + most > self.context:
            said = f"{len(ids)} tokens and {most} for the answer, more than the {self.context} that the model reads"
            return Answer(request.id, Ended.REFUSED, error=said, status=400)
        body = {"prompt": ids, "n_predict": most, "temperature": 0, "cache_prompt": False}
        async with self.one_at_a_time:
            started = time.perf_counter()
            async with self.session.post(self.url, json=body) as response:
                found = await response.json(content_type=None)
            seconds = time.perf_counter() - started
        return replace(_read(request, found, len(ids)), latency_s=seconds)


def _read(request: Request, found: Json, prompt_tokens: int) -> Answer:
    """llama.cpp's completion, read as any server's reply is."""
    if not isinstance(found, dict) or "content" not in found:
        return read_object(found, request, price=None, raw=b"")
    cut = found.get("stop_type") == "limit"
    choice = {
        "message": message(str(found["content"]), tools=bool(request.body.get("tools"))),
        "finish_reason": finish_reason.LENGTH if cut else finish_reason.STOP,
    }
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": int(found.get("tokens_predicted") or 0)}
    chat: Json = {"model": request.body.get("model", ""), "choices": [choice], "usage": usage}
    return read_object(chat, request, price=None, raw=b"")


@asynccontextmanager
async def serving(weights: LocalWeights, adapter: Path | None) -> AsyncIterator[GgufModel]:
    """The GGUF file of a base, with the GGUF adapter of its student if given, answering until the block ends."""
    import aiohttp

    from distill.base_model import load, local

    folder = await asyncio.to_thread(weights.folder, weights=False)
    tokenizer = await asyncio.to_thread(load.tokeniser, folder, weights.template)
    context = min(local.context_of(folder) or MOST_CONTEXT, MOST_CONTEXT)
    with llama_cpp.serve(weights.path, weights.name, context=context, adapter=adapter) as url:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=600)) as session:
            address = f"{url.removesuffix('/v1')}/completion"
            yield GgufModel(session, address, tokenizer, context, asyncio.Lock())
