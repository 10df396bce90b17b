"""Vectors, as the SDK's own types read them."""

from __future__ import annotations

from openai.types import CreateEmbeddingResponse

from distill.protocol import embedding


def test_vectors_are_numbers_or_base64() -> None:
    made = embedding.embeddings(model="m", vectors=[[1.0, -0.5]], prompt_tokens=2)
    assert CreateEmbeddingResponse.model_validate(made, strict=True).data[0].embedding == [1.0, -0.5]
    packed = embedding.embeddings(model="m", vectors=[[1.0, -0.5]], prompt_tokens=2, encoding="base64")
    assert packed["data"][0]["embedding"] == "AACAPwAAAL8="
