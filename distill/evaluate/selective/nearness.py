"""How near an input is to what the student was trained on: the highest cosine with a training row, of hashed character n-grams.

What is farther from every training row than all but one in a hundred of these are from each other is none that the student can know,
however sure it is. Nothing is fitted: a text's vector depends on that text alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from distill.errors import UsageError
from distill.similarity.arrays import Float64s

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_FARTHEST = 0.01
"""Share of the training rows that may be farther from the others than the floor."""
_BLOCK = 512
_MOST = 20_000
"""Training rows that are kept; beyond them every so-and-so-many-th."""
_SAMPLED = 2_000
"""Training rows whose nearest other is looked for, to set the floor."""


@dataclass(frozen=True, slots=True)
class TrainingTexts:
    """The vectors of the training rows, a row each, of length 1; `floor` is the cosine below which an input is far from all."""

    vectors: csr_matrix
    floor: float

    def nearest(self, texts: Sequence[str]) -> Float64s:
        """(texts,): the cosine with the nearest training row, from 0 to 1."""
        return _nearest(vectors_of(texts), self.vectors) if len(texts) else np.zeros(0)

    def save(self, path: Path) -> None:
        """As a NumPy archive without pickle; equal rows give equal bytes."""
        from scipy.sparse import save_npz

        save_npz(path, self.vectors)


def nearness(inputs: Sequence[str], train: Sequence[str]) -> Float64s:
    """Of each input, 0..1: the cosine with its nearest training input."""
    if not inputs or not train:
        return np.zeros(len(inputs))
    return _nearest(vectors_of(inputs), vectors_of(_thinned(train)))


def nearness_among(texts: Sequence[str]) -> Float64s:
    """Of each text of some hundred, 0..1: the cosine with the nearest of the others."""
    if len(texts) < 2:
        return np.zeros(len(texts))
    vectors = vectors_of(texts)
    return _nearest(vectors, vectors, but_itself=1)


def training_texts(texts: Sequence[str]) -> TrainingTexts:
    """Of one text or more."""
    vectors = vectors_of(_thinned(texts))
    step = -(-vectors.shape[0] // _SAMPLED)
    apart = _nearest(vectors[::step], vectors, but_itself=step) if vectors.shape[0] > 1 else np.zeros(1)
    return TrainingTexts(vectors, round(float(np.quantile(apart, _FARTHEST)), 6))


def _thinned(texts: Sequence[str]) -> list[str]:
    return list(texts)[:: -(-len(texts) // _MOST)]


def load(path: Path, floor: float) -> TrainingTexts:
    """What `save` wrote; UsageError where the file is none such."""
    from scipy.sparse import load_npz

    try:
        return TrainingTexts(load_npz(path), floor)
    except (OSError, ValueError, KeyError) as fault:
        raise UsageError(f"{path} cannot be read ({fault}); `distill evaluate` writes it again") from fault


def vectors_of(texts: Sequence[str]) -> csr_matrix:
    """(texts, 2^18) in 32 bits: character 3- to 5-grams within words, hashed; a row of zeros for a text without letters."""
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), n_features=2**18, dtype=np.float32)
    return vectorizer.transform(texts)


def _nearest(rows: csr_matrix, others: csr_matrix, but_itself: int = 0) -> Float64s:
    """The highest cosine of each row; with `but_itself` row n is number n times that of the others, and does not count."""
    found = np.zeros(rows.shape[0])
    for start in range(0, rows.shape[0], _BLOCK):
        cosines = (rows[start : start + _BLOCK] @ others.T).toarray()
        if but_itself:
            here = np.arange(cosines.shape[0])
            cosines[here, (start + here) * but_itself] = 0.0
        found[start : start + _BLOCK] = cosines.max(axis=1)
    return np.clip(np.round(found, 6), 0.0, 1.0)
