"""A base by transformers in this process: one base in memory, its tunes as peft adapters, and what waits for one of them as one batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base_model.local import LocalWeights
from distill.errors import UsageError
from distill.host.serving.engine import Embedded, Piece, Question, ServedModel
from distill.host.serving.engines import prompt
from distill.host.serving.engines.decoding import Tell, Writing, decode
from distill.host.serving.engines.failures import failed
from distill.host.serving.waiting_line import LONGEST, overloaded
from distill.protocol.error import ApiError

if TYPE_CHECKING:
    from distill.host.serving.engines.peft_model import PeftModel

WIDTH = 16
"""Answers of one batch."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An answer that waits for its batch; what goes wrong with the batch is told by `fail`."""

    adapter: Path | None
    writing: Writing
    told: asyncio.Queue[Piece | Exception]


@dataclass(slots=True)
class Transformers:
    """An `Engine` for one base. Nothing is loaded before the first question; all computing is done by one thread, in turn."""

    weights: LocalWeights
    waiting: list[_Waiting] = field(default_factory=list)
    model: PeftModel | None = None
    _loading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _computing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _worker: asyncio.Task[None] | None = None

    def width(self, model: ServedModel) -> int:  # noqa: ARG002 - each of its models is as wide
        """A batch."""
        return WIDTH

    async def write(self, model: ServedModel, question: Question) -> AsyncGenerator[Piece, None]:
        """The answer, piece by piece; once the iterator is closed, nothing more is drawn for it."""
        try:
            question = prompt.forced(question)
            if question.schema is not None:
                raise _no_schema()
            loaded = await self._loaded()
            read = prompt.prompt(loaded.tokenizer, question, context=loaded.context)
            if read.most == 0:
                yield Piece(finish="length", prompt_tokens=len(read.ids))
                return
            if len(self.waiting) >= LONGEST:
                raise overloaded(len(self.waiting))
            told: asyncio.Queue[Piece | Exception] = asyncio.Queue()
            writing = Writing(question, read, _telling(told))
            self._take(_Waiting(model.adapter, writing, told))
        except (ApiError, UsageError, OSError, ValueError, RuntimeError) as fault:
            raise failed(fault, "answer") from fault
        try:
            while True:
                piece = await told.get()
                if isinstance(piece, Exception):
                    raise failed(piece, "answer")
                yield piece
                if piece.finish:
                    return
        finally:
            writing.gone.set()

    async def embed(self, model: ServedModel, texts: Sequence[str | Sequence[int]]) -> Embedded:
        """Mean-pooled vectors, of the base or of a tune."""
        try:
            loaded = await self._loaded()
            questions = [Question(prompt=text, max_tokens=0) for text in texts]
            read = [prompt.prompt(loaded.tokenizer, question, context=loaded.context).ids for question in questions]
            vectors = []
            for ids in read:
                async with self._computing:  # others may compute between two texts
                    vectors.append(await asyncio.to_thread(loaded.embed, model.adapter, ids))
        except (ApiError, UsageError, OSError, ValueError, RuntimeError, AttributeError) as fault:
            raise failed(fault, "embed") from fault
        return Embedded(vectors, sum(map(len, read)))

    async def text(self, model: ServedModel, ids: Sequence[int]) -> str:  # noqa: ARG002 - its models read alike
        """The text of token ids."""
        tokenizer = (await self._loaded()).tokenizer
        return str(tokenizer.decode(list(prompt.checked_ids(tokenizer, ids))))

    async def close(self) -> None:
        """End what is written, and let the memory go."""
        for one in self.waiting:
            one.writing.gone.set()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        self.model = None

    async def _loaded(self) -> PeftModel:
        from distill.host.serving.engines import peft_model

        async with self._loading:
            if self.model is None:
                self.model = await asyncio.to_thread(peft_model.opened, self.weights)
        return self.model

    def _take(self, one: _Waiting) -> None:
        self.waiting.append(one)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())

    async def _work(self) -> None:
        """Batch after batch, while somebody waits: what has waited longest, and what waits for the same tune."""
        await asyncio.sleep(0)  # what is asked in one go makes one batch
        while self.waiting:
            adapter = self.waiting[0].adapter
            batch = [one for one in self.waiting if one.adapter == adapter][:WIDTH]
            self.waiting = [one for one in self.waiting if one not in batch]
            try:
                loaded = await self._loaded()
                async with self._computing:
                    await asyncio.to_thread(_write, loaded, adapter, [one.writing for one in batch])
            except Exception as fault:  # noqa: BLE001 - whatever a model fails with is told to each who waits
                for one in batch:
                    one.told.put_nowait(fault)


def _write(loaded: PeftModel, adapter: Path | None, writings: Sequence[Writing]) -> None:
    with loaded.on(adapter) as model:
        decode(model, loaded.tokenizer, loaded.stops, writings)


def _telling(told: asyncio.Queue[Piece | Exception]) -> Tell:
    """How the computing thread tells a piece to this one."""
    loop = asyncio.get_running_loop()
    return lambda piece: loop.call_soon_threadsafe(partial(told.put_nowait, piece)) and None


def _no_schema() -> ApiError:
    return ApiError(
        "This base is served by transformers, which cannot hold an answer to a JSON schema. Serve it from a GGUF file, or by a vLLM "
        "(distill host --upstream), or leave 'response_format' and a required 'tool_choice' out.",
        status=501, code="unsupported_parameter", param="response_format",
    )  # fmt: skip
