"""The JSON of answers: chat completions and completions, whole and as the chunks of a stream, with their usage and log probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from distill.records import Json

Chance = tuple[str, float, Sequence[tuple[str, float]]]
"""A token's text, the natural log of its probability, and its likeliest alternatives as (text, log)."""


def usage(*, prompt_tokens: int, completion_tokens: int) -> dict[str, Json]:
    """What was read and written, in tokens."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    }  # fmt: skip


def chat_completion(
    *, identity: str, model: str, created: int, choices: Sequence[Mapping[str, Json]], usage: Mapping[str, Json]
) -> dict[str, Json]:
    """A whole answer of /v1/chat/completions."""
    return {
        "id": identity, "object": "chat.completion", "created": created, "model": model, "choices": list(choices),
        "usage": usage, "service_tier": "default", "system_fingerprint": None,
    }  # fmt: skip


def chat_choice(
    *, index: int, content: str | None, finish: str, calls: Sequence[Mapping[str, Json]] = (), logprobs: Json = None
) -> dict[str, Json]:
    """One choice; `calls` are those of `tool_call`."""
    message: dict[str, Json] = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    if calls:
        message["tool_calls"] = list(calls)
    return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": finish}


def tool_call(*, identity: str, name: str, arguments: str) -> dict[str, Json]:
    """A call of a function; the arguments are JSON, written as a text."""
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


def chat_chunk(
    *, identity: str, model: str, created: int, choices: Sequence[Mapping[str, Json]], **usage: Json
) -> dict[str, Json]:
    """A chunk of a streamed chat answer; `usage=` is said where the client asked for it, null in all chunks but the last."""
    return {
        "id": identity, "object": "chat.completion.chunk", "created": created, "model": model, "service_tier": "default",
        "system_fingerprint": None, "choices": list(choices), **usage,
    }  # fmt: skip


def delta_choice(
    *, index: int, delta: Mapping[str, Json], finish: str | None = None, logprobs: Json = None
) -> dict[str, Json]:
    """What a chunk adds to a choice."""
    return {"index": index, "delta": dict(delta), "logprobs": logprobs, "finish_reason": finish}


def text_completion(
    *, identity: str, model: str, created: int, choices: Sequence[Mapping[str, Json]], **usage: Json
) -> dict[str, Json]:
    """An answer of /v1/completions, whole or a chunk: the two have one shape."""
    return {
        "id": identity, "object": "text_completion", "created": created, "model": model, "choices": list(choices),
        "system_fingerprint": None, **usage,
    }  # fmt: skip


def text_choice(*, index: int, text: str, finish: str | None, logprobs: Json = None) -> dict[str, Json]:
    """One choice of a completion."""
    return {"text": text, "index": index, "logprobs": logprobs, "finish_reason": finish}


def chat_logprobs(chances: Sequence[Chance]) -> dict[str, Json]:
    """Log probabilities of a chat answer."""
    return {
        "content": [{**_told(token, log), "top_logprobs": [_told(*one) for one in top]} for token, log, top in chances],
        "refusal": None,
    }


def text_logprobs(chances: Sequence[Chance], *, offset: int) -> dict[str, Json]:
    """Log probabilities of a completion; `offset` is where in the choice's text the first token begins."""
    offsets = []
    for token, _, _ in chances:
        offsets.append(offset)
        offset += len(token)
    return {
        "tokens": [token for token, _, _ in chances],
        "token_logprobs": [log for _, log, _ in chances],
        "top_logprobs": [dict(top) for _, _, top in chances],
        "text_offset": offsets,
    }


def _told(token: str, log: float) -> dict[str, Json]:
    return {"token": token, "logprob": log, "bytes": list(token.encode("utf-8", "replace"))}
