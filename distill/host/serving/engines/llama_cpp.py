"""A base in a GGUF file by llama.cpp: one server, one base in memory, and its tunes as adapters that are switched for each question.

llama.cpp takes adapters when it starts and never later. So a question for a tune that is not among them waits until nothing is in
flight, and then the server starts again with one more: a second for 135M parameters, once for each tune. It is asked by token ids
(`prompt`), and keeps nothing from one question to the next, so an answer depends on its question alone.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from distill.base_model import local
from distill.base_model.local import LocalWeights
from distill.errors import DistillError
from distill.host.serving.engine import Embedded, ModelQuestion, Piece, ServedModel
from distill.host.serving.engines import llama_reply, llama_server, prompt
from distill.host.serving.engines.failures import failed
from distill.host.serving.engines.llama_server import EngineStopped, LlamaServer
from distill.host.serving.engines.prompt import TokenPrompt
from distill.host.serving.waiting_line import WaitingLine
from distill.protocol.error import ApiError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MOST_CONTEXT = 8192
"""Tokens of a question and its answer: what is attended to takes memory whether it is used or not."""
MOST_ADAPTERS = 64
"""Tunes that are loaded at a time; the one that was not asked for longest makes room."""

FAULTS = (ApiError, DistillError, OSError, ValueError, LookupError, RuntimeError, aiohttp.ClientError)
"""What may go wrong with one question, and ends no more than that."""


def slots() -> int:
    """Answers at a time: on few cores one is the fastest (docs/decisions/one-slot-embedded-server.md)."""
    return max(1, min((os.cpu_count() or 1) // 4, 4))


@dataclass(slots=True)
class LlamaCpp:
    """An `Engine` for one base. Nothing is loaded before the first question."""

    weights: LocalWeights
    line: WaitingLine = field(default_factory=lambda: WaitingLine(slots()))
    folder: Path | None = None
    tokenizer: PreTrainedTokenizerBase | None = None
    server: LlamaServer | None = None
    embedder: LlamaServer | None = None
    adapters: list[Path] = field(default_factory=list)
    """Those that the next start loads, the one that was asked for last at the end."""
    in_flight: int = 0
    _gate: asyncio.Lock = field(default_factory=asyncio.Lock)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _starting: asyncio.Task[None] | None = None
    _embedding: asyncio.Lock = field(default_factory=asyncio.Lock)
    _session: aiohttp.ClientSession | None = None

    def width(self, model: ServedModel) -> int:  # noqa: ARG002 - each of its models is as wide
        """As many as it has slots."""
        return self.line.slots

    async def write(self, model: ServedModel, question: ModelQuestion) -> AsyncGenerator[Piece, None]:
        """The answer, piece by piece; closing the iterator stops llama.cpp, too."""
        try:
            question = prompt.forced(question)
            tokenizer, context = await self._reading()
            read = prompt.prompt(tokenizer, question, context=context)
            async with self.line.turn(), aclosing(self._asked(model, question, read)) as pieces:
                async for piece in pieces:
                    yield piece
        except FAULTS as fault:
            raise failed(fault, "answer") from fault

    async def _asked(
        self, model: ServedModel, question: ModelQuestion, read: TokenPrompt
    ) -> AsyncGenerator[Piece, None]:
        """The pieces; a server that has ended is started again, once, where nothing was told yet."""
        for last in (False, True):
            begun = False
            try:
                async with aclosing(self._pieces(model, question, read)) as pieces:
                    async for piece in pieces:
                        begun = True
                        yield piece
            except (EngineStopped, aiohttp.ClientError) as fault:
                if begun:
                    raise EngineStopped("llama.cpp ended in the middle of the answer; ask again") from fault
                if last:
                    raise
            else:
                return

    async def _pieces(
        self, model: ServedModel, question: ModelQuestion, read: TokenPrompt
    ) -> AsyncGenerator[Piece, None]:
        async with self._serving(model.adapter) as server:
            place = None if model.adapter is None else server.adapters.index(_gguf(model.adapter))
            body = llama_reply.request(question, read, adapters=len(server.adapters), on=place)
            async with (
                self._post(server, "/completion", body) as response,
                aclosing(llama_reply.pieces(response, question, len(read.ids))) as pieces,
            ):
                async for piece in pieces:
                    yield piece

    async def embed(self, model: ServedModel, texts: Sequence[str | Sequence[int]]) -> Embedded:
        """Mean-pooled vectors of the base, by a second server on the same file, which is mapped into memory once."""
        if model.adapter is not None:
            raise ApiError(
                f"{model.name} is a tune on a GGUF file, which writes text only; ask its base {model.base}.",
                param="model",
            )
        try:
            tokenizer, context = await self._reading()
            questions = [ModelQuestion(prompt=text, max_tokens=0) for text in texts]
            read = [prompt.prompt(tokenizer, question, context=context).ids for question in questions]
            async with self.line.turn(), self._embedding:
                if self.embedder is None or not self.embedder.alive:
                    self.embedder = await llama_server.start(
                        self.weights.path, context=context, slots=1, embedding=True
                    )
                async with self._post(self.embedder, "/v1/embeddings", {"input": read}) as response:
                    vectors = llama_reply.vectors(await response.json(content_type=None))
        except FAULTS as fault:
            raise failed(fault, "embed") from fault
        return Embedded(vectors, sum(map(len, read)))

    async def text(self, model: ServedModel, ids: Sequence[int]) -> str:  # noqa: ARG002 - its models read alike
        """The text of token ids."""
        try:
            tokenizer, _ = await self._reading()
        except FAULTS as fault:
            raise failed(fault, "answer") from fault
        return str(tokenizer.decode(list(prompt.checked_ids(tokenizer, ids))))

    async def close(self) -> None:
        """End the servers."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        for server in (self.server, self.embedder):
            if server is not None:
                await server.stop()
        if self._session is not None:
            await self._session.close()
        self.server = self.embedder = self._session = None

    async def _reading(self) -> tuple[PreTrainedTokenizerBase, int]:
        """The tokeniser, and how many tokens a question and its answer may have."""
        if self.tokenizer is None or self.folder is None:
            self.folder = await asyncio.to_thread(self.weights.folder, weights=False)
            self.tokenizer = await asyncio.to_thread(prompt.tokeniser, self.folder, self.weights.template)
        return self.tokenizer, min(local.context_of(self.folder) or MOST_CONTEXT, MOST_CONTEXT)

    @asynccontextmanager
    async def _serving(self, adapter: Path | None) -> AsyncIterator[LlamaServer]:
        """A server that has the adapter. It is started where it has to be, between two questions."""
        async with self._gate:  # those behind a start wait for it here
            server = await self._fitting(adapter)
            self.in_flight += 1
        try:
            yield server
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self._idle.set()

    async def _fitting(self, adapter: Path | None) -> LlamaServer:
        """A start goes on where who waited for it leaves: else nobody who waits less than it takes would ever be answered."""
        while True:
            server = self.server
            if server is not None and server.alive and (adapter is None or _gguf(adapter) in server.adapters):
                return server
            if self._starting is None:
                if self.in_flight:
                    self._idle.clear()
                    await self._idle.wait()
                self._starting = asyncio.create_task(self._start(adapter))
            starting = self._starting
            try:
                await asyncio.shield(starting)
            finally:
                if starting.done():
                    self._starting = None

    async def _start(self, adapter: Path | None) -> None:
        """Start the server anew, with one adapter more; one that it does not start with is not tried for other questions."""
        _, context = await self._reading()
        before = [one for one in self.adapters if one.is_file()]
        if adapter is not None:
            wanted = await asyncio.to_thread(self._converted, adapter)
            self.adapters = [*(one for one in before if one != wanted), wanted][-MOST_ADAPTERS:]
        if self.server is not None:
            await self.server.stop()  # first: two would hold two bases
            self.server = None
        try:
            self.server = await llama_server.start(
                self.weights.path, context=context, slots=self.line.slots, adapters=self.adapters
            )
        except EngineStopped:
            self.adapters = before
            raise

    def _converted(self, adapter: Path) -> Path:
        from distill.student.trainers import gguf

        file = _gguf(adapter)
        return (
            file if file.is_file() else gguf.to_gguf(adapter, self.folder or self.weights.folder(weights=False), file)
        )

    @asynccontextmanager
    async def _post(self, server: LlamaServer, route: str, body: object) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            waits = aiohttp.ClientTimeout(total=None, sock_connect=30)
            once = aiohttp.TCPConnector(
                limit=0, force_close=True
            )  # an idle line that the server closes would look like its end
            self._session = aiohttp.ClientSession(
                connector=once, timeout=waits, read_bufsize=2**22
            )  # lines may be long
        headers = {"authorization": f"Bearer {server.key}"}
        try:
            async with self._session.post(server.url + route, json=body, headers=headers) as response:
                if response.status != 200:
                    raise llama_reply.refusal(response.status, await response.read())
                yield response
        except aiohttp.ClientError:  # on this machine a line breaks because its other end has ended
            await server.give_up()
            raise


def _gguf(adapter: Path) -> Path:
    """The file that llama.cpp reads, beside what peft reads."""
    return adapter / "adapter.gguf"
