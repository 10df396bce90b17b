"""What an arm takes of a machine, beside what it costs: bytes on disk, memory, milliseconds, dollars.

Memory is by how much this process grew while the arm answered. Nothing is known of it where all answers came from the store, or where
the model answers elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from distill.errors import UsageError
from distill.student.linear import Classifier, as_bytes
from distill.student.trainers.embedding.model import EmbeddingModel
from distill.teacher.endpoint.address import Address
from distill.teacher.engines import embedded


@dataclass(frozen=True, slots=True)
class Footprint:
    """One arm; None where nothing is known. Megabytes are millions of bytes, dollars are for 1,000 answers."""

    size_mb: float | None = None
    """Of its weights on the disk, those of its base or of its word vectors among them."""
    memory_mb: float | None = None
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    usd_per_1000: float | None = None


def bytes_of(address: Address) -> int | None:
    """Of the files of a model that answers on this machine; None of one elsewhere, or that is not here."""
    if not address.local or (address.weights is None and address.model != embedded.MODEL):
        return None
    try:
        base = _bytes(address.weights.path if address.weights else embedded.gguf())
    except UsageError:
        return None
    return base + (_bytes(address.adapter) if address.adapter is not None else 0)


def bytes_of_classifier(model: Classifier) -> int:
    """Of the file of a classifier, and of the word vectors that it needs beside it."""
    return len(as_bytes(model)) + (model.encoder.bytes_on_disk if isinstance(model, EmbeddingModel) else 0)


def bytes_held(model: Classifier) -> int:
    """Of the numbers that a classifier holds in memory, its word vectors among them; names and Python itself are not counted."""
    weights = sum(field.weights.nbytes + field.bias.nbytes for field in model.fields.values())
    return weights + (model.encoder.bytes_held if isinstance(model, EmbeddingModel) else model.vectorizer.idf_.nbytes)


def _bytes(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.glob("*") if file.suffix in (".safetensors", ".bin", ".json"))
