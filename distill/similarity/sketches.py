"""Sketches of texts by MinHash: texts → code points → hashes of their 4-grams → 128 numbers a text.

Two texts agree in each of the numbers as often as their sets of 4-grams overlap. The sketch is that of "Fast Similarity
Sketching" (Dahlgaard, Knudsen, Thorup, 2017): a permutation throws every 4-gram into one of the slots, the smallest
keeps it, and further permutations fill the slots that are still empty; a long text so costs one or two permutations
instead of 128. The permutations are those of datasketch's MinHash. A text's sketch depends on that text alone, so
neither the machine nor the other texts nor their order change it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from distill.similarity.arrays import Int64s, UInt32s, UInt64s

SHINGLE = 4
ROUNDS = 24
"""Permutations that throw into any slot. What is then still empty (texts of few 4-grams) gets one of its own."""
BLOCK = 1 << 16
"""Characters that are sketched at a time: their numbers fit a core's cache."""
EMPTY = np.uint32(0xFFFFFFFF)


def sketches(texts: Sequence[str], num_perm: int) -> UInt32s:
    """(texts, num_perm): the sketch of each text; each has `SHINGLE` characters or more."""
    codes, lengths = code_points(texts)
    owner = np.repeat(np.arange(len(texts)), lengths)
    inside = owner[: 1 - SHINGLE] == owner[SHINGLE - 1 :]
    hashes, owner = _mixed(packed(codes))[inside], owner[: 1 - SHINGLE][inside]
    slots = np.full(len(texts) * num_perm, EMPTY)
    numbers = slots.reshape(-1, num_perm)
    factors, offsets = _permutations(ROUNDS + num_perm)
    for factor, offset in zip(factors[:ROUNDS], offsets[:ROUNDS], strict=True):
        values = hashes * factor + offset
        places = owner * num_perm + ((values.astype(np.uint64) * np.uint64(num_perm)) >> np.uint64(32)).astype(np.int64)
        fresh = slots[places] == EMPTY
        np.minimum.at(slots, places[fresh], values[fresh])
        lacking = (numbers == EMPTY).any(axis=1)[owner]
        hashes, owner = hashes[lacking], owner[lacking]
        if not len(owner):
            return numbers
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    for slot, (factor, offset) in enumerate(zip(factors[ROUNDS:], offsets[ROUNDS:], strict=True)):
        smallest = np.minimum.reduceat(hashes * factor + offset, starts)
        column = numbers[owner[starts], slot]
        numbers[owner[starts], slot] = np.where(column == EMPTY, smallest, column)
    return numbers


def code_points(texts: Sequence[str]) -> tuple[UInt32s, Int64s]:
    """(the code points of all texts one after the other, the length of each)."""
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    return np.frombuffer(joined, "<u4").astype(np.uint32, copy=False), lengths


def packed(codes: UInt32s) -> UInt64s:
    """Every four code points in one number, 16 bits each: one to one as long as none is above 0xFFFF."""
    wide = codes.astype(np.uint64)
    twos = wide[:-1] + (wide[1:] << np.uint64(16))
    fours: UInt64s = twos[:-2] + (twos[2:] << np.uint64(32))
    return fours


def blocks(sizes: Sequence[int] | Int64s, limit: int) -> Iterator[tuple[int, int]]:
    """(start, stop) of consecutive runs whose sizes add up to about `limit`, at least one member each."""
    ends = np.cumsum(sizes)
    start = 0
    while start < len(ends):
        base = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, base + limit, side="right")))
        yield start, stop
        start = stop


def _mixed(grams: UInt64s) -> UInt32s:
    grams = (grams ^ (grams >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    return (grams >> np.uint64(32)).astype(np.uint32)


@functools.lru_cache(maxsize=8)
def _permutations(count: int) -> tuple[UInt32s, UInt32s]:
    from datasketch import MinHash

    factors, offsets = MinHash(num_perm=count, seed=1, scheme="affine32").permutations
    return factors, offsets
