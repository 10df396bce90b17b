"""Answers of /v1/chat/completions: whole, or as chunks."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from distill.host.serving.answers import choice, together
from distill.host.serving.answers.choice import AnswerChoice, AnswerPart
from distill.host.serving.answers.tool_text import numbered
from distill.host.serving.calls.chat import ChatCall
from distill.host.serving.engine import Engine, ServedModel
from distill.protocol import completion, ids
from distill.records import Json


async def answer(engine: Engine, model: ServedModel, call: ChatCall) -> dict[str, Json]:
    """The whole answer; ApiError where the model refuses the question, or cannot answer now."""
    created = int(time.time())
    asks = [partial(choice.whole, engine, model, choice.nth(call.question, place)) for place in range(call.n)]
    found = await together.gathered(asks, width=engine.width(model))
    return completion.chat_completion(
        identity=ids.new("chatcmpl-", 29), model=call.model, created=created,
        choices=[_choice(place, one, call) for place, one in enumerate(found)],
        usage=completion.usage(
            prompt_tokens=found[0].end.prompt_tokens, completion_tokens=sum(one.end.completion_tokens for one in found)
        ),
    )  # fmt: skip


def _choice(place: int, found: AnswerChoice, call: ChatCall) -> dict[str, Json]:
    told = completion.chat_logprobs(choice.chances(found.tokens)) if call.question.logprobs is not None else None
    content = None if found.end.calls and not found.text else found.text
    return completion.chat_choice(
        index=place, content=content, finish=found.end.finish or "stop", calls=found.end.calls, logprobs=told
    )


async def chunks(engine: Engine, model: ServedModel, call: ChatCall) -> AsyncGenerator[dict[str, Json], None]:
    """The answer in chunks; what is refused is raised before the first one."""
    identity, created = ids.new("chatcmpl-", 29), int(time.time())
    chunk = partial(completion.chat_chunk, identity=identity, model=call.model, created=created)
    usage: dict[str, Json] = {"usage": None} if call.include_usage else {}
    streams = [choice.parts(engine, model, choice.nth(call.question, place)) for place in range(call.n)]
    begun: set[int] = set()
    read = wrote = 0
    async with aclosing(together.merged(streams, width=engine.width(model))) as parts:
        async for place, part in parts:
            if place not in begun:
                begun.add(place)
                opening = {"role": "assistant", "content": "", "refusal": None}
                yield chunk(choices=[completion.delta_choice(index=place, delta=opening)], **usage)
            for one in _deltas(place, part, call):
                yield chunk(choices=[one], **usage)
            read, wrote = part.prompt_tokens or read, wrote + part.completion_tokens
    if call.include_usage:
        yield chunk(choices=[], usage=completion.usage(prompt_tokens=read, completion_tokens=wrote))


def _deltas(place: int, part: AnswerPart, call: ChatCall) -> list[dict[str, Json]]:
    """What a part adds: its text, its calls, and the end in a chunk of its own."""
    told = completion.chat_logprobs(choice.chances(part.tokens)) if call.question.logprobs is not None else None
    found = []
    if part.text or part.tokens:
        found.append(completion.delta_choice(index=place, delta={"content": part.text}, logprobs=told))
    if part.calls:
        found.append(completion.delta_choice(index=place, delta={"tool_calls": numbered(part.calls)}))
    if part.finish:
        found.append(completion.delta_choice(index=place, delta={}, finish=part.finish))
    return found
