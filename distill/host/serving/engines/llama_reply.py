"""What llama.cpp's server is asked and what it says: a body for its own route for completions, and the events that come back."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence

import aiohttp

from distill.host.serving.engine import ModelQuestion, Piece, TokenChance
from distill.host.serving.engines.llama_server import EngineStopped
from distill.host.serving.engines.prompt import TokenPrompt
from distill.protocol.error import ApiError
from distill.records import Json

_SEEDS = 2**32 - 1
"""llama.cpp's own are smaller than this one, which stands for a random one."""


def request(question: ModelQuestion, read: TokenPrompt, *, adapters: int, on: int | None) -> dict[str, Json]:
    """The body for a question; `on` is the place of its adapter among those that are loaded."""
    body: dict[str, Json] = {
        "prompt": list(read.ids), "n_predict": read.most, "stream": True, "cache_prompt": False,
        "temperature": question.temperature, "top_p": question.top_p, "top_k": 0, "min_p": 0.0,
        "samplers": ["penalties", "temperature", "top_p"], "repeat_last_n": len(read.ids) + read.most, "stop": list(question.stop),
        "presence_penalty": question.presence_penalty, "frequency_penalty": question.frequency_penalty,
        "lora": [{"id": place, "scale": float(place == on)} for place in range(adapters)],
    }  # fmt: skip
    if question.seed is not None:
        body["seed"] = question.seed % _SEEDS
    if question.logit_bias:
        body["logit_bias"] = [[token, added] for token, added in question.logit_bias.items()]
    if question.logprobs is not None:
        body["n_probs"] = max(1, question.logprobs)
    if question.schema is not None:
        body["json_schema"] = dict(question.schema) or {"type": "object"}
    return body


async def pieces(
    response: aiohttp.ClientResponse, question: ModelQuestion, prompt_tokens: int
) -> AsyncGenerator[Piece, None]:
    """The events of a streamed completion; EngineStopped where it ends before its end."""
    async for line in response.content:
        if not line.startswith((b"data: ", b"error: ")):
            continue
        event = json.loads(line.split(b": ", 1)[1])
        if line.startswith(b"error") or "error" in event:
            raise refusal(500, json.dumps(event if "error" in event else {"error": event}).encode())
        yield _piece(event, question, prompt_tokens)
        if event.get("stop"):
            return
    raise EngineStopped("llama.cpp ended in the middle of an answer; ask again")


def _piece(event: Mapping[str, Json], question: ModelQuestion, prompt_tokens: int) -> Piece:
    tokens = (
        []
        if question.logprobs is None
        else [_chance(one, question.logprobs) for one in event.get("completion_probabilities") or ()]
    )
    if not event.get("stop"):
        return Piece(str(event.get("content") or ""), tokens)
    finish = "length" if event.get("stop_type") == "limit" else "stop"
    return Piece(
        str(event.get("content") or ""), tokens, finish=finish, prompt_tokens=prompt_tokens,
        completion_tokens=int(event.get("tokens_predicted") or 0),
    )  # fmt: skip


def _chance(one: Mapping[str, Json], alternatives: int) -> TokenChance:
    top = [(str(other["token"]), _log(other)) for other in one.get("top_logprobs") or ()]
    return TokenChance(str(one["token"]), _log(one), top[:alternatives])


def _log(one: Mapping[str, Json]) -> float:
    found = one.get("logprob")
    return float("-inf") if found is None else float(found)  # JSON writes an infinity as null


def vectors(reply: Json) -> Sequence[Sequence[float]]:
    """The vectors of /v1/embeddings, in the order of the texts."""
    return [one["embedding"] for one in sorted(reply["data"], key=lambda one: one["index"])]


def refusal(status: int, reply: bytes) -> Exception:
    """What the server answered with anything but a 200: ApiError for what the client can change."""
    try:
        found = json.loads(reply)["error"]
        message, status = str(found["message"]), int(found.get("code") or status)
    except (ValueError, LookupError, TypeError):
        message = reply[:300].decode("utf-8", "replace")
    if status != 400:
        return EngineStopped(f"llama.cpp says {status}: {message}")
    param = "response_format" if "gram" in message or "schema" in message.lower() else None
    return ApiError(f"The model cannot be asked so: {message[:300]}", code="invalid_value", param=param)
