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
_ROUND, _LAST = 27, 31
"""The bit from which on a number says in which round it was thrown, and what those of permutations of their own say."""
_WITHIN = np.uint32((1 << _ROUND) - 1)


def sketches(texts: Sequence[str], num_perm: int) -> UInt32s:
    """(texts, num_perm): the sketch of each text; each has `SHINGLE` characters or more."""
    codes, lengths = code_points(texts)
    hashes = _hashes(np.append(codes, np.zeros(SHINGLE - 1, np.uint32)))
    # The row of each 4-gram's text; one that reaches into the next text goes into a row that nobody reads.
    unread, ends = len(texts) * num_perm, np.cumsum(lengths)
    rows = np.repeat(np.arange(0, unread, num_perm), lengths)
    for before in range(1, SHINGLE):
        rows[ends - before] = unread
    slots = np.full(unread + num_perm, EMPTY)
    numbers = slots[:unread].reshape(-1, num_perm)
    factors, offsets = _permutations(ROUNDS + num_perm)
    lacking = np.arange(len(texts))
    for round_, (factor, offset) in enumerate(zip(factors[:ROUNDS], offsets[:ROUNDS], strict=True)):
        _throw(slots, rows, hashes, factor, offset, round_, num_perm)
        still = (numbers[lacking] == EMPTY).any(axis=1)
        if not still.all():
            some = np.repeat(still, lengths)
            hashes, rows, lengths, lacking = hashes[some], rows[some], lengths[still], lacking[still]
        if not len(lacking):
            return numbers
    starts = np.cumsum(lengths - SHINGLE + 1) - lengths + SHINGLE - 1
    _fill(numbers, lacking, hashes[rows < unread], starts, factors[ROUNDS:], offsets[ROUNDS:])
    return numbers


def _throw(
    slots: UInt32s, rows: Int64s, hashes: UInt32s, factor: np.uint32, offset: np.uint32, round_: int, num_perm: int
) -> None:
    """Throw each hash into a slot of its row, which keeps the smallest; what an earlier round left there is smaller."""
    values = hashes * factor
    values += offset
    places = values >> np.uint32(16)
    places *= np.uint32(num_perm)
    places >>= np.uint32(16)
    values &= _WITHIN
    values |= np.uint32(round_ << _ROUND)
    np.minimum.at(slots, rows + places, values)


def _fill(
    numbers: UInt32s, lacking: Int64s, hashes: UInt32s, starts: Int64s, factors: UInt32s, offsets: UInt32s
) -> None:
    """Give every slot that is still empty the smallest hash of its text by a permutation of its own."""
    for slot, (factor, offset) in enumerate(zip(factors, offsets, strict=True)):
        smallest = np.minimum.reduceat(hashes * factor + offset, starts)
        smallest = smallest & _WITHIN | np.uint32(_LAST << _ROUND)
        column = numbers[lacking, slot]
        numbers[lacking, slot] = np.where(column == EMPTY, smallest, column)


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


def _hashes(codes: UInt32s) -> UInt32s:
    """A hash of every four code points. In 32 bits: two different 4-grams share one in four billion, which no band notices."""
    twos = codes[1:] * np.uint32(0x9E3779B1)
    twos += codes[:-1]
    hashes: UInt32s = twos[2:] * np.uint32(0x85EBCA77)
    hashes += twos[:-2]
    hashes ^= hashes >> np.uint32(16)
    hashes *= np.uint32(0x7FEB352D)
    hashes ^= hashes >> np.uint32(15)
    return hashes


@functools.lru_cache(maxsize=8)
def _permutations(count: int) -> tuple[UInt32s, UInt32s]:
    from datasketch import MinHash

    factors, offsets = MinHash(num_perm=count, seed=1, scheme="affine32").permutations
    return factors, offsets
