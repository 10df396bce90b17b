"""How far the 4-grams of two texts overlap, exactly, for many pairs at once.

A 4-gram is one 64-bit number, and two different 4-grams never have the same: 16 bits for each character's place among
those of the texts at hand or, when these have more than 65,536 different ones, 32 bits for each two characters' place.
No hash is involved.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from distill.similarity.arrays import Int64s, UInt32s, UInt64s
from distill.similarity.sketches import SHINGLE, blocks, code_points, packed

AT_A_TIME = 1 << 16
"""Characters that are packed at a time: their numbers fit a core's cache."""
PAIRS, BLOCK = 1 << 16, 1 << 24
"""How many pairs are compared at a time, and how many characters their texts may have together."""


def overlaps(texts: Sequence[str], left: Int64s, right: Int64s) -> Iterator[float]:
    """The Jaccard overlap of each pair (left[k], right[k]); `left` sorted, no text shorter than `SHINGLE`."""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    start = 0
    while start < len(left):
        stop = start + PAIRS
        while True:
            pairs = np.concatenate((left[start:stop], right[start:stop]))
            members, places = np.unique(pairs, return_inverse=True)
            if len(pairs) == 2 or sizes[members].sum() <= BLOCK:
                break
            stop = start + len(pairs) // 4
        yield from _of_block([texts[i] for i in members.tolist()], *np.split(places, 2))
        start = stop


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


def _nearest(one: UInt64s, grams: UInt64s, owner: Int64s, sizes: Int64s) -> Int64s:
    """The places of all texts by their overlap with one set; `grams` are those of all texts, sorted, each with its owner."""
    begins, ends = np.searchsorted(grams, one), np.searchsorted(grams, one, side="right")
    held = np.concatenate([owner[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)])
    shared = np.bincount(held, minlength=len(sizes))
    return np.argsort(-(shared / (len(one) + sizes - shared)), kind="stable")


def _of_block(texts: Sequence[str], left: Int64s, right: Int64s) -> Iterator[float]:
    sets = gram_sets(texts)
    begins = np.flatnonzero(np.diff(left, prepend=-1)).tolist()
    others = right.tolist()
    for begin, end in zip(begins, [*begins[1:], len(others)], strict=True):
        yield from _shares(sets[left[begin]], [sets[i] for i in others[begin:end]]).tolist()


def gram_sets(texts: Sequence[str]) -> list[UInt64s]:
    """The distinct 4-grams of each text, sorted; the numbers of one call can be compared with each other."""
    runs = list(blocks([len(text) for text in texts], AT_A_TIME))
    seen = np.zeros(sys.maxunicode + 1, np.bool_)
    for start, stop in runs:
        seen[code_points(texts[start:stop])[0]] = True
    letters = np.flatnonzero(seen)
    if len(letters) > 1 << 16:
        codes, lengths = code_points(texts)
        return _cut(_packed_by_twos(codes), lengths)
    ranks = np.empty(len(seen), np.uint32)
    ranks[letters] = np.arange(len(letters))
    sets: list[UInt64s] = []
    for start, stop in runs:
        codes, lengths = code_points(texts[start:stop])
        sets += _cut(packed(ranks[codes]), lengths)
    return sets


def _cut(grams: UInt64s, lengths: Int64s) -> list[UInt64s]:
    ends = np.cumsum(lengths)
    bounds = zip((ends - lengths).tolist(), (ends - SHINGLE + 1).tolist(), strict=True)
    return [_distinct(grams[begin:end]) for begin, end in bounds]


def _packed_by_twos(codes: UInt32s) -> UInt64s:
    wide = codes.astype(np.uint64)
    _, twos = np.unique(wide[:-1] << np.uint64(32) | wide[1:], return_inverse=True)
    numbers = twos.astype(np.uint64)
    fours: UInt64s = numbers[:-2] << np.uint64(32) | numbers[2:]
    return fours


def _distinct(grams: UInt64s) -> UInt64s:
    ordered = np.sort(grams)
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))]


def _shares(one: UInt64s, many: Sequence[UInt64s]) -> NDArray[np.float64]:
    """The overlap of one set with each of many."""
    sizes = np.fromiter(map(len, many), np.int64, len(many))
    grams = np.concatenate(many)
    places = np.searchsorted(one, grams)
    places[places == len(one)] = 0
    shared = np.add.reduceat(one[places] == grams, np.cumsum(sizes) - sizes, dtype=np.int64)
    return shared / (len(one) + sizes - shared)
