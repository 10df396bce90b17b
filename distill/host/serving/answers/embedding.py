"""Answers of /v1/embeddings."""

from __future__ import annotations

import math
from collections.abc import Sequence

from distill.host.serving.calls.embeddings import EmbeddingCall
from distill.host.serving.engine import Engine, ServedModel
from distill.protocol import embedding
from distill.protocol.error import ApiError
from distill.records import Json


async def answer(engine: Engine, model: ServedModel, call: EmbeddingCall) -> dict[str, Json]:
    """The vectors of all texts; ApiError where the model has none."""
    found = await engine.embed(model, call.texts)
    vectors = found.vectors if call.dimensions is None else [cut(vector, call.dimensions) for vector in found.vectors]
    return embedding.embeddings(
        model=call.model, vectors=vectors, prompt_tokens=found.prompt_tokens, encoding=call.encoding
    )


def cut(vector: Sequence[float], dimensions: int) -> list[float]:
    """The first dimensions of a vector, at length 1 again."""
    if dimensions > len(vector):
        raise ApiError(
            f"Invalid 'dimensions': integer above maximum value. Expected a value <= {len(vector)}, but got {dimensions} instead.",
            code="integer_above_max_value", param="dimensions",
        )  # fmt: skip
    kept = list(vector[:dimensions])
    length = math.hypot(*kept) or 1.0
    return [value / length for value in kept]
