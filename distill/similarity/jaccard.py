"""How far the 4-grams of two texts overlap, exactly, for many pairs at once.

A 4-gram is one number, and two different 4-grams of one call never have the same: no hash is involved. The 63 characters that
are most frequent among the texts at hand have a place of six bits each, so a 4-gram of theirs is a number below 2^24; every
other 4-gram has the next free number. So a set can be a table of marks, and the overlap with each of many other sets is
read off it: about a nanosecond a 4-gram.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from distill.similarity.arrays import Float64s, Int64s, UInt32s, UInt64s
from distill.similarity.sketches import SHINGLE, blocks, code_points

AT_A_TIME = 1 << 16
"""Characters that are packed at a time: their numbers fit a core's cache."""
PAIRS, BLOCK = 1 << 16, 1 << 24
"""How many pairs are compared at a time, and how many characters their texts may have together."""
_BITS = 6
_COMMON = (1 << _BITS) - 1
"""So many characters have a place of their own; 0 stands for all others."""
_NAMED = 1 << (_BITS * SHINGLE)
_TABLE = 20
"""Bits of a place in a table of rarer 4-grams."""
_FACTORS = [np.uint64(0x9E3779B97F4A7C15 * 0xD6E8FEB86659FD93**turn % (1 << 64)) for turn in range(8)]


def overlaps(texts: Sequence[str], left: Int64s, right: Int64s) -> Float64s:
    """The Jaccard overlap in 0..1 of each pair (left[k], right[k]); `left` sorted, no text shorter than `SHINGLE`."""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    found = np.empty(len(left))
    start = 0
    while start < len(left):
        stop = start + PAIRS
        while True:
            pairs = np.concatenate((left[start:stop], right[start:stop]))
            members, places = np.unique(pairs, return_inverse=True)
            if len(pairs) == 2 or sizes[members].sum() <= BLOCK:
                break
            stop = start + len(pairs) // 4
        stop = start + len(pairs) // 2
        found[start:stop] = _of_block([texts[i] for i in members.tolist()], *np.split(places, 2))
        start = stop
    return found


def nearest(queries: Sequence[str], texts: Sequence[str], count: int) -> list[list[int]]:
    """Of each query the places of the `count` texts whose 4-grams overlap most with its own, the nearest first; of equals the first.

    Only that text, and neither the other queries nor the machine, decides.
    """
    plain = [f"{text:<{SHINGLE}}" for text in (*queries, *texts)]
    if not texts or not queries:
        return [[] for _ in queries]
    sets = gram_sets(plain)
    known = sets[len(queries) :]
    sizes = np.fromiter(map(len, known), np.int64, len(known))
    grams, owner = np.concatenate(known), np.repeat(np.arange(len(known)), sizes)
    order = np.argsort(grams, kind="stable")
    grams, owner = grams[order], owner[order]
    return [_nearest(one, grams, owner, sizes)[:count].tolist() for one in sets[: len(queries)]]


def _nearest(one: Int64s, grams: Int64s, owner: Int64s, sizes: Int64s) -> Int64s:
    """The places of all texts by their overlap with one set; `grams` are those of all texts, sorted, each with its owner."""
    begins, ends = np.searchsorted(grams, one), np.searchsorted(grams, one, side="right")
    held = np.concatenate([owner[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)])
    shared = np.bincount(held, minlength=len(sizes))
    return np.argsort(-(shared / (len(one) + sizes - shared)), kind="stable")


def _of_block(texts: Sequence[str], left: Int64s, right: Int64s) -> Float64s:
    """The overlaps of pairs; the marks of a left text are set once for all that it is compared with."""
    sets = gram_sets(texts)
    sizes = np.fromiter(map(len, sets), np.int64, len(sets))
    marks = np.zeros(max(int(one[-1]) for one in sets) + 1, np.bool_)
    shared, last = np.empty(len(left), np.int64), sets[0]
    for at, (i, j) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        one = sets[i]
        if one is not last or not at:
            marks[last] = False
            marks[one] = True
            last = one
        shared[at] = np.count_nonzero(marks[sets[j]])
    overlap: Float64s = shared / (sizes[left] + sizes[right] - shared)
    return overlap


def gram_sets(texts: Sequence[str]) -> list[Int64s]:
    """The distinct 4-grams of each text, sorted; the numbers of one call can be compared with each other."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    runs = list(blocks(lengths, AT_A_TIME))
    spelt = [code_points(texts[start:stop])[0] for start, stop in runs]
    ranks, names, sets = _ranks(spelt), Names(), list[Int64s]()
    for (start, stop), codes in zip(runs, spelt, strict=True):
        ends = np.cumsum(lengths[start:stop])
        sets += _sets(_grams(codes, ranks, names), ends - lengths[start:stop], ends - SHINGLE + 1)
    return sets


def _ranks(spelt: Sequence[UInt32s]) -> UInt32s:
    """Of each code point its place among the most frequent ones, from 1 on; 0 for all others."""
    counts = np.zeros(max((int(codes.max()) for codes in spelt), default=0) + 1, np.int64)
    for codes in spelt:
        found = np.bincount(codes)
        counts[: len(found)] += found
    seen = np.flatnonzero(counts)
    common = seen[np.argsort(-counts[seen], kind="stable")[:_COMMON]]
    ranks = np.zeros(len(counts), np.uint32)
    ranks[common] = np.arange(1, len(common) + 1)
    return ranks


def _grams(codes: UInt32s, ranks: UInt32s, names: Names) -> UInt32s:
    """The number of every four characters, also of those that reach into the next text."""
    places = ranks[codes]
    twos = (places[:-1] << np.uint32(_BITS)) | places[1:]
    fours: UInt32s = (twos[:-2] << np.uint32(2 * _BITS)) | twos[2:]
    other = places == 0
    if other.any():
        twos_other = other[:-1] | other[1:]
        rare = np.flatnonzero(twos_other[:-2] | twos_other[2:])
        fours[rare] = names.of([codes[rare + at] for at in range(SHINGLE)])
    return fours


def _sets(grams: UInt32s, begins: Int64s, ends: Int64s) -> list[Int64s]:
    """The sorted, distinct 4-grams of each text; those between the end of one and the begin of the next are of none."""
    once = np.ones(len(grams), np.bool_)
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        grams[begin:end].sort()
    once[1:] = grams[1:] != grams[:-1]
    once[begins] = True
    for behind in range(SHINGLE - 1):
        once[ends[:-1] + behind] = False
    places = np.flatnonzero(once)
    kept = grams[places].astype(np.int64)
    bounds = [0, *np.searchsorted(places, ends).tolist()]
    return [kept[begin:end] for begin, end in pairwise(bounds)]


class Names:
    """Numbers from `_NAMED` on for four characters that are not all common ones: one for each different four."""

    def __init__(self) -> None:
        self._threes, self._fours = Numbers(0), Numbers(_NAMED)

    def of(self, four: Sequence[UInt32s]) -> UInt32s:
        one, two, three, last = (codes.astype(np.uint64) for codes in four)
        first = self._threes.of(one << np.uint64(42) | two << np.uint64(21) | three)
        return self._fours.of(first.astype(np.uint64) << np.uint64(32) | last)


class Numbers:
    """A number for each different code, from `first` on: the place at which a table holds it.

    The place is a hash of the code. Where another code holds it already, the next table is asked.
    """

    def __init__(self, first: int) -> None:
        self._first, self._tables = first, list[UInt64s]()

    def of(self, codes: UInt64s) -> UInt32s:
        codes = codes + np.uint64(1)  # 0 says that a place is free
        numbers = np.empty(len(codes), np.uint32)
        left, turn = np.arange(len(codes)), 0
        while len(left):
            if turn == len(self._tables):
                self._tables.append(np.zeros(1 << _TABLE, np.uint64))
            table = self._tables[turn]
            places = (codes * _FACTORS[turn % len(_FACTORS)]) >> np.uint64(64 - _TABLE)
            free = table[places] == 0
            table[places[free]] = codes[free]
            found = table[places] == codes
            numbers[left[found]] = places[found] + np.uint64(self._first + (turn << _TABLE))
            left, codes, turn = left[~found], codes[~found], turn + 1
        return numbers
