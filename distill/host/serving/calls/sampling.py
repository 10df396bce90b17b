"""The settings of writing that chat completions and completions share."""

from __future__ import annotations

from typing import TypedDict

from distill.host.serving.calls import parameters
from distill.host.serving.calls.parameters import Body

NAMES = frozenset({
    "model", "n", "stream", "stream_options", "temperature", "top_p", "seed", "stop", "presence_penalty", "frequency_penalty", "logit_bias",
    "max_tokens", "logprobs", "user",
})  # fmt: skip
MOST_TOKENS = 2**31 - 1


class CallSampling(TypedDict):
    """Fields of a `Question`."""

    temperature: float
    top_p: float
    stop: tuple[str, ...]
    presence_penalty: float
    frequency_penalty: float
    logit_bias: dict[int, float]
    seed: int | None


def sampling(body: Body) -> CallSampling:
    """How the answer is drawn; ApiError where a setting is out of its limits."""
    return {
        "temperature": parameters.number(body, "temperature", low=0, high=2, usual=1.0),
        "top_p": parameters.number(body, "top_p", low=0, high=1, usual=1.0),
        "stop": parameters.stops(body),
        "presence_penalty": parameters.number(body, "presence_penalty", low=-2, high=2, usual=0.0),
        "frequency_penalty": parameters.number(body, "frequency_penalty", low=-2, high=2, usual=0.0),
        "logit_bias": parameters.logit_bias(body),
        "seed": parameters.whole(body, "seed", low=-(2**63), high=2**63 - 1),
    }


def choices(body: Body) -> int:
    """`n`."""
    return parameters.whole(body, "n", low=1, high=128) or 1
