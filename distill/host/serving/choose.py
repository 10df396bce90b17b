"""Which engine answers for a base, and why; and all of them as one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from distill import extras
from distill.base_model.local import ADAPTED, LocalWeights, architecture_of
from distill.errors import UsageError
from distill.host.home import Home
from distill.host.serving.engine import Embedded, Engine, EngineChoice, ModelQuestion, Piece, ServedModel
from distill.host.serving.engines.failures import failed
from distill.host.settings import HostSettings
from distill.host.training.base import weights_of

LLAMA, TRANSFORMERS, UPSTREAM = "llama.cpp", "transformers", "upstream"


def choices(settings: HostSettings, home: Home) -> list[EngineChoice]:
    """Of each base, in the order of the settings; UsageError for a base that is not to be had."""
    return [choice(settings, home, name) for name in settings.bases]


def choice(settings: HostSettings, home: Home, name: str) -> EngineChoice:
    """Of one base."""
    if settings.upstream:
        return EngineChoice(name, UPSTREAM, f"{settings.upstream} answers for all bases")
    engine, why = _local(weights_of(settings.bases[name], home.bases))
    return EngineChoice(name, engine, why)


def _local(found: LocalWeights) -> tuple[str, str]:
    if not found.gguf:
        if not found.on_the_hub:
            found.path  # noqa: B018 - raises where there is none
        return TRANSFORMERS, "its weights are safetensors; a vLLM, named by --upstream, answers more clients at a time"
    kind = architecture_of(found.path)
    if kind not in ADAPTED:
        return (
            TRANSFORMERS,
            f"its architecture is {kind or 'unknown'}, and adapters for llama.cpp are written on {', '.join(ADAPTED)}",
        )
    if not extras.here("xllamacpp"):
        return TRANSFORMERS, f"llama.cpp would be faster, but xllamacpp is not here; {extras.hint('embedded')}"
    return LLAMA, "a GGUF file, whose tunes are adapters that are switched for each question"


@dataclass(slots=True)
class Engines:
    """An `Engine` that hands each question to the engine of its base. None is loaded before it is asked."""

    settings: HostSettings
    home: Home
    opened: dict[str, Engine] = field(default_factory=dict)

    def width(self, model: ServedModel) -> int:
        """As the base's engine says."""
        return self._of(model).width(model)

    async def write(self, model: ServedModel, question: ModelQuestion) -> AsyncGenerator[Piece, None]:
        """As the base's engine writes."""
        async with aclosing(self._of(model).write(model, question)) as pieces:
            async for piece in pieces:
                yield piece

    async def embed(self, model: ServedModel, texts: Sequence[str | Sequence[int]]) -> Embedded:
        """As the base's engine embeds."""
        return await self._of(model).embed(model, texts)

    async def text(self, model: ServedModel, ids: Sequence[int]) -> str:
        """As the base's engine reads."""
        return await self._of(model).text(model, ids)

    async def close(self) -> None:
        """Close all that were opened."""
        await asyncio.gather(*(engine.close() for engine in self.opened.values()), return_exceptions=True)
        self.opened.clear()

    def _of(self, model: ServedModel) -> Engine:
        key = UPSTREAM if self.settings.upstream else model.base
        if key not in self.opened:
            try:
                self.opened[key] = self._open(model.base)
            except UsageError as fault:
                raise failed(fault, "answer") from None
        return self.opened[key]

    def _open(self, base: str) -> Engine:
        from distill.host.serving.engines.llama_cpp import LlamaCpp
        from distill.host.serving.engines.transformers import Transformers
        from distill.host.serving.engines.upstream.engine import UpstreamEngine

        if self.settings.upstream:
            return UpstreamEngine(self.settings.upstream, self.settings.bases, self.settings.upstream_key)
        found = weights_of(self.settings.bases[base], self.home.bases)
        return LlamaCpp(found) if choice(self.settings, self.home, base).engine == LLAMA else Transformers(found)
