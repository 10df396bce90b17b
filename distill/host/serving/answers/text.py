"""Answers of /v1/completions: whole, or as chunks. Each prompt has its `n` choices, one after the other."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial

from distill.host.serving.answers import choice, together
from distill.host.serving.answers.choice import AnswerChoice
from distill.host.serving.calls.text import TextCall
from distill.host.serving.engine import Engine, ModelQuestion, ServedModel
from distill.protocol import completion, ids
from distill.records import Json


async def answer(engine: Engine, model: ServedModel, call: TextCall) -> dict[str, Json]:
    """The whole answer; ApiError where the model refuses a prompt, or cannot answer now."""
    created = int(time.time())
    echoed = await _echoed(engine, model, call)
    asks = [partial(choice.whole, engine, model, question) for question in _questions(call)]
    found = await together.gathered(asks, width=engine.width(model))
    return completion.text_completion(
        identity=ids.new("cmpl-", 29), model=call.model, created=created,
        choices=[_choice(place, one, call, echoed[place // call.n]) for place, one in enumerate(found)],
        usage=completion.usage(
            prompt_tokens=sum(one.end.prompt_tokens for one in found[:: call.n]),
            completion_tokens=sum(one.end.completion_tokens for one in found),
        ),
    )  # fmt: skip


def _choice(place: int, found: AnswerChoice, call: TextCall, echoed: str) -> dict[str, Json]:
    asked = call.questions[0].logprobs is not None
    told = completion.text_logprobs(choice.chances(found.tokens), offset=0) if asked else None
    return completion.text_choice(
        index=place, text=echoed + found.text, finish=found.end.finish or "stop", logprobs=told
    )


async def chunks(engine: Engine, model: ServedModel, call: TextCall) -> AsyncGenerator[dict[str, Json], None]:
    """The answer in chunks; what is refused is raised before the first one."""
    identity, created = ids.new("cmpl-", 29), int(time.time())
    chunk = partial(completion.text_completion, identity=identity, model=call.model, created=created)
    usage: dict[str, Json] = {"usage": None} if call.include_usage else {}
    echoed, asked = await _echoed(engine, model, call), call.questions[0].logprobs is not None
    streams = [choice.parts(engine, model, question) for question in _questions(call)]
    written = [0] * len(streams)
    read = wrote = 0
    async with aclosing(together.merged(streams, width=engine.width(model))) as parts:
        async for place, part in parts:
            text = part.text if written[place] else echoed[place // call.n] + part.text
            told = completion.text_logprobs(choice.chances(part.tokens), offset=written[place]) if asked else None
            written[place] += len(text) or 1
            yield chunk(
                choices=[completion.text_choice(index=place, text=text, finish=part.finish, logprobs=told)], **usage
            )
            read += part.prompt_tokens if place % call.n == 0 else 0
            wrote += part.completion_tokens
    if call.include_usage:
        yield chunk(choices=[], usage=completion.usage(prompt_tokens=read, completion_tokens=wrote))


def _questions(call: TextCall) -> list[ModelQuestion]:
    return [choice.nth(question, place) for question in call.questions for place in range(call.n)]


async def _echoed(engine: Engine, model: ServedModel, call: TextCall) -> Sequence[str]:
    """What stands before each prompt's answers."""
    if not call.echo:
        return [""] * len(call.questions)
    prompts = [question.prompt or "" for question in call.questions]
    return [one if isinstance(one, str) else await engine.text(model, one) for one in prompts]
