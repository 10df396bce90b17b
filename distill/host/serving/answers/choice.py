"""One choice of an answer: the pieces of an engine, with calls of tools read out of them, and all of it once it is whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from distill.host.serving.answers.tool_text import ToolText, written
from distill.host.serving.engine import Engine, ModelQuestion, Piece, ServedModel, TokenChance
from distill.protocol.completion import Chance
from distill.records import Json

_LEAST = -9999.0


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """A part of a choice; the last one has `finish`, the calls and both counts of tokens."""

    text: str = ""
    tokens: Sequence[TokenChance] = ()
    calls: Sequence[dict[str, Json]] = ()
    finish: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(slots=True)
class AnswerChoice:
    """A whole one."""

    text: str = ""
    tokens: list[TokenChance] = field(default_factory=list)
    end: AnswerPart = field(default_factory=AnswerPart)


async def parts(engine: Engine, model: ServedModel, question: ModelQuestion) -> AsyncGenerator[AnswerPart, None]:
    """A choice, part by part."""
    tools = ToolText() if question.tools and question.tool_choice != "none" else None
    async with aclosing(engine.write(model, question)) as pieces:
        async for piece in pieces:
            part = _part(piece, tools)
            if part.text or part.tokens or part.finish:
                yield part


def _part(piece: Piece, tools: ToolText | None) -> AnswerPart:
    text = piece.text if tools is None else tools.add(piece.text)
    if piece.finish is None:
        return AnswerPart(text, piece.tokens)
    if tools is not None:
        text += tools.end()
    calls = [written(call["name"], call["arguments"]) for call in piece.calls] or (tools.calls if tools else [])
    finish = "tool_calls" if calls and piece.finish == "stop" else piece.finish
    return AnswerPart(text, piece.tokens, calls, finish, piece.prompt_tokens, piece.completion_tokens)


async def whole(engine: Engine, model: ServedModel, question: ModelQuestion) -> AnswerChoice:
    """A choice, once it is whole."""
    found = AnswerChoice()
    async with aclosing(parts(engine, model, question)) as told:
        async for part in told:
            found.text += part.text
            found.tokens += part.tokens
            found.end = part
    return found


def nth(question: ModelQuestion, place: int) -> ModelQuestion:
    """The question of the n-th choice: with a seed, each draws by one of its own."""
    return question if question.seed is None or place == 0 else replace(question, seed=question.seed + place)


def chances(tokens: Sequence[TokenChance]) -> list[Chance]:
    """As the protocol's shapes take them; an impossible token's is the public API's -9999, for JSON has no infinity."""
    return [
        (one.token, max(one.logprob, _LEAST), [(other, max(log, _LEAST)) for other, log in one.top]) for one in tokens
    ]
