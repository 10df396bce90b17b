"""What answers: a question for a base or a tune in, pieces of text out. llama.cpp, transformers and a named server are each one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from distill.records import Json


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A base by its name in the settings, with a peft adapter's folder on it where it is a tune; `name` is what the client said."""

    name: str
    base: str
    adapter: Path | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One choice that is asked for. Either `messages` (a chat, read by the base's template) or `prompt` (text as it is, or token ids)."""

    messages: Sequence[Mapping[str, Json]] | None = None
    prompt: str | Sequence[int] | None = None
    tools: Sequence[Mapping[str, Json]] = ()
    max_tokens: int | None = None
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: Sequence[str] = ()
    schema: Mapping[str, Json] | None = None
    """The JSON schema that the answer has to fit; {} for any JSON object."""
    logprobs: int | None = None
    """How many alternatives of each token are told; 0 only the token's own."""


@dataclass(frozen=True, slots=True)
class TokenChance:
    """A token's text and the natural log of its probability, with the likeliest alternatives."""

    token: str
    logprob: float
    top: Sequence[tuple[str, float]] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an answer. The last one has `finish` (stop, length) and both token counts."""

    text: str = ""
    tokens: Sequence[TokenChance] = ()
    finish: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Engine(Protocol):
    """Raises ApiError for what the model refuses (too long, a template that cannot say it), before the first piece."""

    def write(self, model: ServedModel, question: Question) -> AsyncIterator[Piece]:
        """The answer, piece by piece; closing the iterator stops the work."""
        ...

    async def embed(self, model: ServedModel, texts: Sequence[str | Sequence[int]]) -> list[list[float]]:
        """A vector for each text; ApiError where the model has none."""
        ...

    async def close(self) -> None:
        """Let the memory go."""
        ...


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which engine a base got, and why no better one; shown at the start and by the list of models."""

    base: str
    engine: str
    why: str = field(default="")
