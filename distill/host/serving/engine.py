"""What answers: a question for a base or a tune in, pieces of text out. llama.cpp, transformers and a named server are each one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
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
class ModelQuestion:
    """One choice that is asked for. Either `messages` (a chat, read by the base's template) or `prompt` (text as it is, or token ids)."""

    messages: Sequence[Mapping[str, Json]] | None = None
    prompt: str | Sequence[int] | None = None
    tools: Sequence[Mapping[str, Json]] = ()
    max_tokens: int | None = None
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: Sequence[str] = ()
    tool_choice: Json = "auto"
    """auto, none, required, or the name of the function that has to be called, as {"type": "function", …}."""
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    """Token id → what is added to its logit."""
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
    calls: Sequence[Mapping[str, str]] = ()
    """Calls of tools, each with its name and its arguments as JSON, where the engine itself reads them out of what the model writes."""
    finish: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Embedded:
    """A vector of length 1 for each text, and how many tokens were read."""

    vectors: Sequence[Sequence[float]]
    prompt_tokens: int


class Engine(Protocol):
    """Raises ApiError for what the model refuses (too long, a template that cannot say it), before the first piece."""

    def width(self, model: ServedModel) -> int:
        """Questions that are worth asking at a time; more only wait."""
        ...

    def write(self, model: ServedModel, question: ModelQuestion) -> AsyncGenerator[Piece, None]:
        """The answer, piece by piece; closing the iterator stops the work."""
        ...

    async def embed(self, model: ServedModel, texts: Sequence[str | Sequence[int]]) -> Embedded:
        """A vector for each text; ApiError where the model has none."""
        ...

    async def text(self, model: ServedModel, ids: Sequence[int]) -> str:
        """The text of token ids, as the model's tokeniser reads them; ApiError for ids that it has not."""
        ...

    async def close(self) -> None:
        """Let the memory go."""
        ...


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which engine a base got, and why no better one; shown at the start."""

    base: str
    engine: str
    why: str = field(default="")
