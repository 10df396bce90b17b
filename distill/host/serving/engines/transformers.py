"""A base by transformers in this process: one base in memory, its tunes as peft adapters, and what waits for one of them as one batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base_model.local import LocalWeights
from distill.errors import UsageError
from distill.host.serving.engine import Embedded, ModelQuestion, Piece, ServedModel
from distill.host.serving.engines import prompt
from distill.host.serving.engines.decoding import Tell, Writing, decode
from distill.host.serving.engines.failures import failed
from distill.host.serving.waiting_line import LONGEST, overloaded
from distill.protocol.error import ApiError

if TYPE_CHECKING:
    from distill.host.serving.engines.peft_model import PeftModel

WIDTH = 16
"""Answers of one batch."""
FAULTS = (ApiError, UsageError, OSError, ValueError, LookupError, AttributeError, RuntimeError)
"""What loading or a question may fail with, and ends no more than that."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """An answer that waits for its batch; what goes wrong with the batch is reported by `fail`."""

    adapter: Path | None
    writing: Writing
    told: asyncio.Queue[Piece | Exception]


@dataclass(slots=True)
class Transformers:
    """An `Engine` for one base. Nothing is loaded before the first question; all computing is done by one thread, in turn."""

    weights: LocalWeights
    longest: int = LONGEST
    waiting: list[_Waiting] = field(default_factory=list)
    at_work: list[_Waiting] = field(default_factory=list)
    """Those of the batch that is written now."""
    _loading: asyncio.Task[PeftModel] | None = None
    _computing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _worker: asyncio.Task[None] | None = None

    def width(self, model: ServedModel) -> int:  # noqa: ARG002 - each of its models is as wide
        """A batch."""
        return WIDTH

    async def write(self, model: ServedModel, question: ModelQuestion) -> AsyncGenerator[Piece, None]:
        """The answer, piece by piece; once the iterator is closed, nothing more is drawn for it."""
        try:
            question = prompt.forced(question)
            loaded = await self._loaded()
            grammar = None if question.schema is None else await asyncio.to_thread(loaded.grammar, question.schema)
            read = prompt.prompt(loaded.tokenizer, question, context=loaded.context)
            if read.most == 0:
                yield Piece(finish="length", prompt_tokens=len(read.ids))
                return
            if len(self.waiting) >= self.longest:
                raise overloaded(len(self.waiting))
            told: asyncio.Queue[Piece | Exception] = asyncio.Queue()
            writing = Writing(question, read, _telling(told), grammar)
            self._take(_Waiting(model.adapter, writing, told))
        except FAULTS as fault:
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
            questions = [ModelQuestion(prompt=text, max_tokens=0) for text in texts]
            read = [prompt.prompt(loaded.tokenizer, question, context=loaded.context).ids for question in questions]
            vectors = []
            for ids in read:
                async with self._computing:  # others may compute between two texts
                    vectors.append(await asyncio.to_thread(loaded.embed, model.adapter, ids))
        except FAULTS as fault:
            raise failed(fault, "embed") from fault
        return Embedded(vectors, sum(map(len, read)))

    async def text(self, model: ServedModel, ids: Sequence[int]) -> str:  # noqa: ARG002 - its models read alike
        """The text of token ids."""
        try:
            tokenizer = (await self._loaded()).tokenizer
        except FAULTS as fault:
            raise failed(fault, "answer") from fault
        return str(tokenizer.decode(list(prompt.checked_ids(tokenizer, ids))))

    async def close(self) -> None:
        """End what is written, and let the memory go."""
        for one in (*self.waiting, *self.at_work):
            one.writing.gone.set()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        self._loading = None

    async def _loaded(self) -> PeftModel:
        """The base, loaded once; a load goes on where who waited for it leaves, and one that failed is tried again."""
        from distill.host.serving.engines import peft_model

        if self._loading is None or (self._loading.done() and (self._loading.cancelled() or self._loading.exception())):
            self._loading = asyncio.create_task(asyncio.to_thread(peft_model.opened, self.weights))
        return await asyncio.shield(self._loading)

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
            self.at_work = batch
            try:
                loaded = await self._loaded()
                async with self._computing:
                    await asyncio.to_thread(_write, loaded, adapter, [one.writing for one in batch])
            except Exception as fault:  # noqa: BLE001 - whatever a model fails with is reported to each who waits
                for one in batch:
                    one.told.put_nowait(fault)


def _write(loaded: PeftModel, adapter: Path | None, writings: Sequence[Writing]) -> None:
    with loaded.on(adapter) as model:
        decode(model, loaded.tokenizer, loaded.stops, writings)


def _telling(told: asyncio.Queue[Piece | Exception]) -> Tell:
    """How the computing thread tells a piece to this one."""
    loop = asyncio.get_running_loop()

    def tell(piece: Piece) -> None:
        loop.call_soon_threadsafe(told.put_nowait, piece)

    return tell
