"""Which texts mean nearly the same: pairs whose embeddings have a cosine of the threshold or more.

The embeddings are WordLlama's (the extra `meaning`): static vectors of 256 numbers whose weights come in
the package, so nothing is fetched. They know English best. Any other function from texts to vectors can take its place.

All texts are compared with all, in blocks of numpy, so memory is bounded, but time grows with the square: 100,000 texts are
5 billion pairs. Neither the machine nor the other texts nor their order changes a cosine: a block only proposes a pair, and
its cosine is then computed by itself in 64 bits and rounded to six places. A text is paired with the first 64 that it is
alike to, so that a crowd does not cost the square of its number.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill import extras
from distill.errors import UsageError
from distill.similarity import decisive
from distill.text.normalise import normalise

Vectors = NDArray[np.float64]
Embed = Callable[[Sequence[str]], Vectors]
"""n texts → (n, dimensions). A row hangs on its text alone; all zeros is a text without meaning, alike to nothing."""
BLOCK, ROOM = 1 << 22, 64
"""Cosines that are computed at a time (16 MiB), and partners before it that a text may have."""
_SLACK, _PLACES = 1e-4, 6
"""By how much a 32-bit cosine of a block may be off, and to how many places the exact one is rounded."""


def alike(
    texts: Sequence[str], *, threshold: float, numbers: bool = True, embed: Embed | None = None
) -> list[tuple[int, int, float]]:
    """Pairs (i, j, cosine ≥ threshold), i < j, sorted; UsageError where the extra is not installed.

    With `numbers`, none of two whose numbers or negations differ (`distill.similarity.decisive`); their order may, since a rewording turns it.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"a threshold of {threshold!r}: expected a cosine above 0, at most 1")
    exact = (embed or wordllama)(texts)
    norms = np.sqrt(np.square(exact).sum(axis=1))
    exact = exact / np.where(norms == 0, 1, norms)[:, None]
    short = exact.astype(np.float32)
    marks = decisive.numbers(map(normalise, texts), ordered=False) if numbers else np.zeros(len(texts), np.uint64)
    pairs: list[tuple[int, int, float]] = []
    partners = np.zeros(len(texts), np.int64)
    start = 0
    while start < len(texts):
        stop = start + max(1, BLOCK // (len(texts) - start))
        left, right = np.nonzero(short[start:stop] @ short[start:].T >= threshold - _SLACK)
        left, right = left + start, right + start
        for begin, end in _runs(left):
            i, j = left[begin:end], right[begin:end]
            some = (j > i) & (partners[j] < ROOM) & (marks[i] == marks[j])
            i, j = i[some], j[some]
            cosines = np.minimum(1.0, np.round((exact[i] * exact[j]).sum(axis=1), _PLACES))
            near = cosines >= threshold
            partners[j[near]] += 1
            pairs += zip(i[near].tolist(), j[near].tolist(), cosines[near].tolist(), strict=True)
        start = stop
    return pairs


def _runs(left: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Where the pairs of each left text begin and end."""
    ends = [*np.flatnonzero(np.diff(left, prepend=-1)).tolist(), len(left)]
    return list(pairwise(ends))


def wordllama(texts: Sequence[str]) -> Vectors:
    """The mean of the vectors of each text's tokens.

    WordLlama's own `embed` sums over a batch padded to its longest text, so its last digits hang on the neighbours.
    """
    model = _model()
    vectors = np.zeros((len(texts), model.embedding.shape[1]))
    for start in range(0, len(texts), 256):
        encoded = model.tokenizer.encode_batch(list(texts[start : start + 256]), add_special_tokens=False)
        counts = np.array([len(one.ids) for one in encoded])
        ids = np.array([number for one in encoded for number in one.ids], np.int64)
        full = np.flatnonzero(counts)
        if len(full):
            begins = (np.cumsum(counts) - counts)[full]
            known = np.minimum(ids, len(model.embedding) - 1)
            sums = np.add.reduceat(model.embedding[known].astype(np.float64), begins, axis=0)
            vectors[start + full] = sums / counts[full, None]
    return vectors


def table() -> NDArray[Any]:
    """WordLlama's vectors: (tokens, 256)."""
    found: NDArray[Any] = _model().embedding
    return found


@lru_cache(maxsize=1)
def _model() -> Any:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        import wordllama as package
    except ImportError:
        raise UsageError(
            f"word vectors need the package wordllama, which is not installed; {extras.hint('meaning')}"
        ) from None
    finally:  # importing it sets up the root logger, which is the application's to do
        root.handlers[:], root.level = handlers, level
    folder = Path(package.__file__).parent
    model = package.WordLlama.load(dim=256, cache_dir=folder, disable_download=True)
    model.tokenizer.no_padding()
    model.tokenizer.no_truncation()
    return model
