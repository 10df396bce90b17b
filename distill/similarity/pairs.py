"""Which texts are near copies of each other, and how near.

The similarity of two texts is the Jaccard overlap of their character 4-grams, after `normalise`; a text
shorter than 4 characters is near nothing but its equal. MinHash (`distill.similarity.minhash`) only proposes pairs; each is then
verified on the exact sets (`distill.similarity.jaccard`), so there are no false hits, and the bands are chosen so that a pair at
the threshold is missed less than twice in ten thousand. Characters, not words: word lists fail on short texts and on
languages without spaces. One thing no letter count can tell: texts whose numbers or negations differ (`distill.similarity.decisive`) are near
nothing of each other, unless a caller says `numbers=False`.

No text costs more than a bounded number of comparisons. Where hundreds of texts are near each other, the later ones are
paired with the first of them and no longer all with all; see `distill.similarity.minhash.candidates`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from distill.similarity import decisive, in_parts
from distill.similarity.arrays import Int64s, UInt64s
from distill.similarity.jaccard import overlaps
from distill.similarity.minhash import candidates, index
from distill.similarity.sketches import SHINGLE
from distill.text.normalise import normalise

NUM_PERM = 128

Shingles = frozenset[str]


def shingles(text: str) -> Shingles:
    """The character 4-grams of a text, normalised; of a shorter text the whole; of an empty one nothing."""
    plain = normalise(text)
    if len(plain) <= SHINGLE:
        return frozenset([plain] if plain else [])
    return frozenset(plain[i : i + SHINGLE] for i in range(len(plain) - SHINGLE + 1))


def jaccard(a: Shingles, b: Shingles) -> float:
    """Overlap in 0..1; 1.0 for two empty sets, which only two equal (blank) texts have."""
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared) if a or b else 1.0


def near_pairs(
    texts: Sequence[str], *, threshold: float, numbers: bool = True, num_perm: int = NUM_PERM, room: int | None = None
) -> list[tuple[int, int, float]]:
    """Pairs (i, j, similarity ≥ threshold), i < j, sorted; `room` is how many before it a text of a crowd is paired with.

        near_pairs(["my parcel is late", "My parcel is late!", "refund"], threshold=0.8)    [(0, 1, 0.93…)]

    Equal texts count once: of k copies the later k-1 are paired with the first alone (at 1.0), and only the
    first is compared with others, so that a thousand copies cost a thousand pairs and not a million.
    """
    plain = [normalise(text) for text in texts]
    copies = _copies(plain)
    singles = [i for i in range(len(plain)) if i not in copies]
    pairs = [(first, copy, 1.0) for copy, first in copies.items()]
    single = [plain[i] for i in singles]
    for p, q, value in _matches(single, threshold=threshold, numbers=numbers, num_perm=num_perm, room=room):
        pairs.append((singles[p], singles[q], value))
    return sorted(pairs)


def clusters(n: int, pairs: Iterable[tuple[int, int, float]]) -> list[int]:
    """For each of n items the smallest index that a chain of pairs leads to (itself when it has none)."""
    root = list(range(n))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for a, b, _ in pairs:
        low, high = sorted((find(a), find(b)))
        root[high] = low
    return [find(i) for i in range(n)]


def nearest(
    texts: Sequence[str], others: Sequence[str], *, threshold: float, numbers: bool = True
) -> list[tuple[int, float] | None]:
    """For each text (index into `others`, similarity) of its nearest at or above the threshold, else None."""
    asked, pool = [normalise(text) for text in texts], [normalise(text) for text in others]
    first: dict[str, int] = {}
    for p, text in enumerate(pool):
        first.setdefault(text, p)
    wanted = list(dict.fromkeys(asked))
    best = {text: (1.0, -first[text]) for text in wanted if text in first}
    singles = list(first)
    for p, q, value in _matches(singles + wanted, threshold=threshold, numbers=numbers, others=len(singles)):
        text = wanted[q - len(singles)]
        best[text] = max(best.get(text, (0.0, 0)), (value, -first[singles[p]]))
    return [(-best[text][1], best[text][0]) if text in best else None for text in asked]


class _Marks:
    """The marks of texts, as numbers, found when they are first asked about: most texts share nothing with another."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts, self._values, self._known = texts, np.zeros(len(texts), np.uint64), np.zeros(len(texts), np.bool_)

    def of(self, some: Int64s) -> UInt64s:
        new = np.unique(some[~self._known[some]])
        self._values[new] = decisive.numbers(self._texts[at] for at in new.tolist())
        self._known[new] = True
        return self._values[some]


def _copies(plain: Sequence[str]) -> dict[int, int]:
    """Later copy → its first appearance."""
    first: dict[str, int] = {}
    return {i: seen for i, text in enumerate(plain) if (seen := first.setdefault(text, i)) != i}


def _matches(
    plain: Sequence[str],
    *,
    threshold: float,
    numbers: bool,
    num_perm: int = NUM_PERM,
    others: int | None = None,
    room: int | None = None,
) -> Iterator[tuple[int, int, float]]:
    """(i, j, similarity), i < j, of every match, verified; with `others`, only of one of the first so many with the rest.

    The texts are normalised, and no two of one side are equal.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"a threshold of {threshold!r}: expected a similarity above 0, at most 1")
    long = [i for i, text in enumerate(plain) if len(text) >= SHINGLE]
    if len(long) < 2:
        return
    texts = [plain[i] for i in long]
    limit = None if others is None else bisect_left(long, others)
    marks = _Marks(texts).of if numbers else None
    if in_parts.worth(len(texts)):
        how = in_parts.How(len(texts), threshold, num_perm, numbers, limit, room)
        left, right, values = in_parts.compared(texts, how)
    else:
        found = index(texts, threshold=threshold, num_perm=num_perm)
        left, right = candidates(found, others=limit, room=room, marks=marks)
        values = overlaps(texts, left, right)
    near = values >= threshold
    if marks is not None:  # last, since most of those that look near are not
        near[near] = marks(left[near]) == marks(right[near])
    for i, j, value in zip(left[near].tolist(), right[near].tolist(), values[near].tolist(), strict=True):
        yield long[i], long[j], value
