"""A body of POST /v1/embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distill.host.serving.calls import parameters
from distill.host.serving.calls.parameters import Body
from distill.host.serving.calls.text import Prompt, texts
from distill.protocol.error import ApiError

_MOST_TEXTS = 2048


@dataclass(frozen=True, slots=True)
class EmbeddingCall:
    """One call: `dimensions` are how many of each vector's are wanted, None for all."""

    model: str
    texts: Sequence[Prompt]
    encoding: str = "float"
    dimensions: int | None = None


def embedding_call(body: Body) -> EmbeddingCall:
    """The call of a body; ApiError names what is wrong with it."""
    parameters.known(body, ("model", "input", "encoding_format", "dimensions", "user"))
    model = parameters.model(body)
    if body.get("input") is None:
        raise parameters.missing("input")
    found = texts(body["input"], "input", most=_MOST_TEXTS)
    if "" in found:
        raise ApiError("Invalid 'input': input cannot be an empty string.", code="invalid_value", param="input")
    encoding = parameters.text(body, "encoding_format") or "float"
    if encoding not in ("float", "base64"):
        raise ApiError(
            f"Invalid value: {encoding!r}. Supported values are: 'float' and 'base64'.",
            code="invalid_value",
            param="encoding_format",
        )
    return EmbeddingCall(model, found, encoding, parameters.whole(body, "dimensions", low=1, high=65_536))
