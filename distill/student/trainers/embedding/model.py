"""A linear model over embeddings as a student of closed answers: a text's vector, one linear classifier a field.

It learns from the meaning of words what `trainers.linear` learns from their letters, so it knows words that no training row has: with few
rows a field it is often the better of the two. Fields, confidences and the file without pickle are as there; the file names the encoder
and does not hold it.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from distill.atomic_write import write_atomic
from distill.errors import UsageError
from distill.records import Json
from distill.student.trainers import linear
from distill.student.trainers.embedding.encoder import WORDLLAMA, Encoder
from distill.student.trainers.linear import FieldWeights, Prediction, Sure


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """What turns a text into a vector, and the weights of each field that it answers with."""

    encoder: Encoder
    fields: Mapping[str, FieldWeights]
    rows: int
    """Rows that it was trained on."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction a text, in their order."""
        return linear.predicted(self.encoder.vectors(texts), self.fields, len(texts)) if texts else []


def train(
    texts: Sequence[str], answers: Sequence[Mapping[str, Json]], *, enumerated: Collection[str] = (), seed: int = 0,
    encoder: str | None = None, sure: Sure = (),
) -> EmbeddingModel | None:  # fmt: skip
    """A model of `texts` → `answers`; None where there are fewer than 20 rows, or no field is closed."""
    made = Encoder(encoder or WORDLLAMA)
    fields = linear.closed_fields(answers, enumerated)
    if len(texts) < linear.FEWEST_ROWS or not fields:
        return None
    return EmbeddingModel(made, linear.fitted(made.vectors(texts), answers, fields, seed, sure), len(texts))


def save(model: EmbeddingModel, path: Path) -> None:
    """Write a model; equal models give equal bytes."""
    write_atomic(path, as_bytes(model))


def as_bytes(model: EmbeddingModel) -> bytes:
    """A model's file."""
    return linear.archive({"encoder": model.encoder.name, "rows": model.rows}, model.fields, {})


def load(path: Path) -> EmbeddingModel:
    """Read what `save` wrote; UsageError where the file is no such model, or its encoder is not here."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            head = json.loads(arrays["head"].tobytes())
            return EmbeddingModel(Encoder(head["encoder"]), linear.fields_of(head, arrays), head["rows"])
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as fault:
        raise UsageError(f"{path} is no embedding model of distill ({fault}); run `distill train` again") from fault
