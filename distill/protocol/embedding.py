"""The JSON of embeddings: vectors as lists of numbers, or as little-endian fp32 in base64."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence

from distill.records import Json


def embeddings(
    *, model: str, vectors: Sequence[Sequence[float]], prompt_tokens: int, encoding: str = "float"
) -> dict[str, Json]:
    """An answer of /v1/embeddings; `encoding` is float or base64."""
    written = [_base64(vector) if encoding == "base64" else list(vector) for vector in vectors]
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(written)],
        "model": model,
        "usage": {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens},
    }


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")
