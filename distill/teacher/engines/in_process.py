"""A local model that answers inside this process, by transformers: many requests at a time, greedily.

What waits while a batch is at work makes the next batch. A conversation that the model's template refuses, or that is longer than
it reads, is refused as a server would refuse it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from distill import finish_reason
from distill.base_model.written_calls import calls_of
from distill.errors import UsageError
from distill.records import Answer, Ended, Json, Request
from distill.teacher.reply import read_object

if TYPE_CHECKING:
    from distill.base_model.generation import Generator, Prompt, WrittenAnswer
    from distill.base_model.local import LocalWeights

IN_FLIGHT = 64
"""Requests that are worth sending at a time: what waits is the next batch."""
_ARRIVE_S = 0.02
"""Within which those who ask at the same time do; a batch takes a hundred times as long."""
_MOST_TOKENS = 1024
"""Of an answer, where a request does not say."""


@dataclass(slots=True)
class InProcess:
    """A `ModelClient` over a `Generator`; `work` has to run beside it."""

    generator: Generator
    context: int | None
    waiting: asyncio.Queue[tuple[Request, Prompt, asyncio.Future[WrittenAnswer]]] = field(default_factory=asyncio.Queue)

    async def answer(self, request: Request) -> Answer:
        """Wait for the next batch and answer with it."""
        most = request.max_tokens or _MOST_TOKENS
        try:
            prompt = self.generator.prompt(request.turns, most, request.body.get("tools") or ())
        except UsageError as fault:
            return Answer(request.id, Ended.REFUSED, error=str(fault), status=400)
        if self.context is not None and len(prompt.ids) + most > self.context:
            said = (
                f"{len(prompt.ids)} tokens and {most} for the answer, more than the {self.context} that the model reads"
            )
            return Answer(request.id, Ended.REFUSED, error=said, status=400)
        prompt = replace(prompt, logprobs=bool(request.body.get("logprobs")))
        written: asyncio.Future[WrittenAnswer] = asyncio.get_running_loop().create_future()
        await self.waiting.put((request, prompt, written))
        return _read(request, prompt, await written)

    async def work(self) -> None:
        """Answer batch after batch, until cancelled."""
        while True:
            batch = [await self.waiting.get()]
            await asyncio.sleep(_ARRIVE_S)  # whoever has just been answered may send the next
            while not self.waiting.empty():
                batch.append(self.waiting.get_nowait())
            try:
                found = await asyncio.to_thread(self.generator.write, [prompt for _, prompt, _ in batch])
            except Exception as fault:  # noqa: BLE001 - whatever a model fails with is raised for each who waits
                for _, _, written in batch:
                    if not written.done():
                        written.set_exception(
                            UsageError(f"the local model failed: {type(fault).__name__}: {str(fault)[:300]}")
                        )
                continue
            for (_, _, written), one in zip(batch, found, strict=True):
                if not written.done():
                    written.set_result(one)


def message(text: str, *, tools: bool) -> dict[str, Json]:
    """An assistant's turn as a server would send it: where the request brings tools, with the calls that stand in the text."""
    content, calls = calls_of(text) if tools else (text, [])
    listed = [{"type": "function", "function": call} for call in calls]
    return {"role": "assistant", "content": content, **({"tool_calls": listed} if listed else {})}


def _read(request: Request, prompt: Prompt, written: WrittenAnswer) -> Answer:
    """What was written, read as any server's reply is."""
    usage = {"prompt_tokens": len(prompt.ids), "completion_tokens": written.tokens}
    choice: Json = {
        "message": message(written.text, tools=bool(request.body.get("tools"))),
        "finish_reason": finish_reason.STOP if written.whole else finish_reason.LENGTH,
    }
    if request.body.get("logprobs"):
        choice["logprobs"] = {"content": [{"token": said, "logprob": found} for said, found in written.logprobs]}
    found = {"model": request.body.get("model", ""), "choices": [choice], "usage": usage}
    return replace(read_object(found, request, price=None, raw=b""), latency_s=written.seconds)


@asynccontextmanager
async def serving(weights: LocalWeights, adapter: Path | None) -> AsyncIterator[InProcess]:
    """A base, or the student of a peft adapter's file on it, loaded and answering until the block ends."""
    from distill.base_model import generation, local

    folder = await asyncio.to_thread(weights.folder)
    generator = await asyncio.to_thread(
        generation.generator, folder, adapter.parent if adapter else None, weights.template
    )
    client = InProcess(generator, local.context_of(folder))
    at_work = asyncio.create_task(client.work())
    try:
        yield client
    finally:
        at_work.cancel()
        with suppress(asyncio.CancelledError):
            await at_work
