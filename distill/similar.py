"""Which texts are near copies of each other, and how near.

The similarity of two texts is the Jaccard overlap of their character 4-grams, after `normalise`; a text
shorter than 4 characters is near nothing but its equal. MinHash (datasketch) only proposes pairs; each is
then verified on the exact sets, so there are no false hits, and the bands are chosen so that a pair at the
threshold is missed less than once in ten thousand. Characters, not words: word lists fail on short texts and
on languages without spaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from distill.text import normalise

SHINGLE = 4
NUM_PERM = 128
MISS = 1e-4

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


def near_pairs(texts: Sequence[str], *, threshold: float, num_perm: int = NUM_PERM) -> list[tuple[int, int, float]]:
    """Pairs (i, j, similarity ≥ threshold), i < j, sorted.

    Equal texts count once: of k copies the later k-1 are paired with the first alone (at 1.0), and only the
    first is compared with others, so that a thousand copies cost a thousand pairs and not a million.
    """
    uniques, copies = _uniques(texts)
    sets = [shingles(texts[i]) for i in uniques]
    pairs = [(first, copy, 1.0) for copy, first in copies.items()]
    for q, p, value in _matches(sets, sets, threshold=threshold, num_perm=num_perm):
        if p < q:
            pairs.append((uniques[p], uniques[q], value))
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


def twins(texts: Sequence[str], *, threshold: float) -> list[tuple[int, float] | None]:
    """For each text, best first: None where it stays, else (index, similarity) of the nearest that stays.

    A text goes only when it is near one that stays. Chains never count (a ~ b ~ c drops b alone when a and c
    are far apart), so a cluster always keeps a survivor and boilerplate cannot melt a whole source into one
    row.
    """
    copies = _uniques(texts)[1]
    near: dict[int, list[tuple[float, int]]] = {}
    for i, j, value in near_pairs(texts, threshold=threshold):
        near.setdefault(j, []).append((value, -i))
    found: list[tuple[int, float] | None] = []
    for j in range(len(texts)):
        stays = max(((value, i) for value, i in near.get(j, ()) if found[-i] is None), default=None)
        if stays is not None:
            found.append((-stays[1], stays[0]))
        else:  # a copy goes wherever its first appearance went
            found.append(found[copies[j]] if j in copies else None)
    return found


def nearest(texts: Sequence[str], others: Sequence[str], *, threshold: float) -> list[tuple[int, float] | None]:
    """For each text (index into `others`, similarity) of its nearest at or above the threshold, else None."""
    best: dict[int, tuple[float, int]] = {}
    matches = _matches(
        [shingles(t) for t in texts], [shingles(t) for t in others], threshold=threshold, num_perm=NUM_PERM
    )
    for q, p, value in matches:
        best[q] = max(best.get(q, (0.0, 0)), (value, -p))
    return [(-best[q][1], best[q][0]) if q in best else None for q in range(len(texts))]


def _uniques(texts: Sequence[str]) -> tuple[list[int], dict[int, int]]:
    """(indices of first appearances, later copy → its first appearance)."""
    first: dict[str, int] = {}
    copies: dict[int, int] = {}
    for i, text in enumerate(texts):
        seen = first.setdefault(normalise(text), i)
        if seen != i:
            copies[i] = seen
    return list(first.values()), copies


def _bands(threshold: float, num_perm: int) -> tuple[int, int]:
    """(bands, rows of a band): the most selective that miss a pair at the threshold less often than MISS."""
    rows = 1
    while rows < num_perm // 2:
        r = rows + 1
        if (1 - threshold**r) ** (num_perm // r) > MISS:
            break
        rows = r
    return num_perm // rows, rows


def _matches(
    queries: Sequence[Shingles], pool: Sequence[Shingles], *, threshold: float, num_perm: int
) -> Iterator[tuple[int, int, float]]:
    """(index in queries, index in pool, similarity) of every verified match; a set also matches itself."""
    from datasketch import MinHashLSH

    if not 0 < threshold <= 1:
        raise ValueError(f"a threshold of {threshold!r}: expected a similarity above 0, at most 1")
    blank = [p for p, grams in enumerate(pool) if not grams]
    index = MinHashLSH(num_perm=num_perm, params=_bands(threshold, num_perm))
    pool_sketches = _sketches(pool, num_perm)
    for p, sketch in enumerate(pool_sketches):
        if pool[p]:
            index.insert(p, sketch, check_duplication=False)
    for q, sketch in enumerate(pool_sketches if queries is pool else _sketches(queries, num_perm)):
        grams = queries[q]
        for p in sorted(index.query(sketch)) if grams else blank:
            value = jaccard(grams, pool[p])
            if value >= threshold:
                yield q, p, value


def _sketches(sets: Sequence[Shingles], num_perm: int) -> list[Any]:
    from datasketch import MinHash

    tokens = ([gram.encode("utf-8", "surrogatepass") for gram in grams] for grams in sets)
    return list(MinHash.bulk(tokens, num_perm=num_perm, seed=1))
