"""How far the 4-grams of two texts overlap, exactly, for many pairs at once.

A 4-gram is one number, and two different 4-grams of one call never have the same: no hash is involved. The 63 characters that
are most frequent among the texts at hand have a place of six bits each, so a 4-gram of theirs is a number below 2^24; every
other 4-gram has the next free number. So a set can be a table of marks, and the overlap with each of many other sets is
read off it: about a nanosecond a 4-gram.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from distill.similarity.arrays import Bools, Float64s, Int64s, UInt32s, UInt64s
from distill.similarity.sketches import SHINGLE, blocks, code_points

AT_A_TIME = 1 << 16
"""Characters that are packed at a time: their numbers fit a core's cache."""
PAIRS, BLOCK = 1 << 16, 1 << 24
"""How many pairs are compared at a time, and how many characters their texts may have together."""
_BITS = 6
_COMMON = (1 << _BITS) - 1
"""So many characters have a place of their own; 0 stands for all others."""
_NAMED = 1 << (_BITS * SHINGLE)
_TABLE = 22
"""Bits of the places of rarer 4-grams at a time."""


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
    grams, ends = _numbered(texts)
    sizes = np.diff(ends, prepend=0)
    marks = np.zeros(int(grams.max()) + 1, np.bool_)
    sets = np.split(grams, ends[:-1])
    shared = np.empty(len(left), np.int64)
    begins = np.flatnonzero(np.diff(left, prepend=-1)).tolist()
    others, firsts = right.tolist(), left.tolist()
    for begin, end in zip(begins, [*begins[1:], len(others)], strict=True):
        one = sets[firsts[begin]]
        marks[one] = True
        for at in range(begin, end):
            shared[at] = np.count_nonzero(marks[sets[others[at]]])
        marks[one] = False
    return shared / (sizes[left] + sizes[right] - shared)


def gram_sets(texts: Sequence[str]) -> list[Int64s]:
    """The distinct 4-grams of each text, sorted; the numbers of one call can be compared with each other."""
    grams, ends = _numbered(texts)
    return np.split(grams, ends[:-1])


def _numbered(texts: Sequence[str]) -> tuple[Int64s, Int64s]:
    """(the distinct 4-grams of one text after the other, each text's sorted; where those of each text end)."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    runs = list(blocks(lengths, AT_A_TIME))
    ranks = _ranks(texts, runs)
    ends = np.cumsum(lengths - SHINGLE + 1)
    grams = np.empty(int(ends[-1]), np.uint32)
    rare, spelt = [np.empty(0, np.int64)], [np.empty((0, SHINGLE), np.uint32)]
    for start, stop in runs:
        codes, _ = code_points(texts[start:stop])
        begin, end = int(ends[start - 1]) if start else 0, int(ends[stop - 1])
        inside = _inside(lengths[start:stop])
        grams[begin:end] = _packed(ranks[codes])[inside]
        windows = np.lib.stride_tricks.sliding_window_view(codes, SHINGLE)
        unnamed = inside & _any_of_four(ranks[codes] == 0)
        if unnamed.any():
            spelt.append(windows[unnamed])
            rare.append(begin + np.flatnonzero(unnamed[inside]))
    grams[np.concatenate(rare)] = _numbers_of(np.concatenate(spelt), _NAMED)
    return _distinct(grams, ends)


def _ranks(texts: Sequence[str], runs: Sequence[tuple[int, int]]) -> UInt32s:
    """Of each code point its place among the most frequent ones, from 1 on; 0 for all others."""
    counts = np.zeros(sys.maxunicode + 1, np.int64)
    for start, stop in runs:
        found = np.bincount(code_points(texts[start:stop])[0])
        counts[: len(found)] += found
    common = np.argsort(-counts, kind="stable")[:_COMMON]
    ranks = np.zeros(len(counts), np.uint32)
    ranks[common] = np.arange(1, len(common) + 1)
    return ranks


def _inside(lengths: Int64s) -> Bools:
    """Of every four characters of texts that stand one after the other, whether they are of one text."""
    ends = np.cumsum(lengths)
    inside = np.ones(int(ends[-1]) - SHINGLE + 1, np.bool_)
    for before in range(1, SHINGLE):
        inside[ends[:-1] - before] = False
    return inside


def _packed(ranks: UInt32s) -> UInt32s:
    twos = (ranks[:-1] << np.uint32(_BITS)) | ranks[1:]
    fours: UInt32s = (twos[:-2] << np.uint32(2 * _BITS)) | twos[2:]
    return fours


def _any_of_four(marks: Bools) -> Bools:
    twos = marks[:-1] | marks[1:]
    return twos[:-2] | twos[2:]


def _numbers_of(windows: UInt32s, first: int) -> UInt32s:
    """(n, 4) code points → a number from `first` on for each different four of them."""
    wide = windows.astype(np.uint64)
    threes = wide[:, 0] << np.uint64(42) | wide[:, 1] << np.uint64(21) | wide[:, 2]
    return _numbers(_numbers(threes, 0).astype(np.uint64) << np.uint64(32) | wide[:, 3], first)


def _numbers(codes: UInt64s, first: int) -> UInt32s:
    """A number from `first` on for each different code.

    Codes are written into a table at the place of their hash. Of those at one place the last is found there again and has
    the place as its number; the others try again, in a further part of the table.
    """
    numbers = np.empty(len(codes), np.uint32)
    left, factor = np.arange(len(codes)), 0x9E3779B97F4A7C15
    bits = min(_TABLE, max(10, 2 * len(codes)).bit_length())
    table = np.empty(1 << bits, np.uint64)
    while len(left):
        places = (codes * np.uint64(factor)) >> np.uint64(64 - bits)
        table[places] = codes
        found = table[places] == codes
        numbers[left[found]] = places[found] + np.uint64(first)
        left, codes = left[~found], codes[~found]
        first, factor = first + len(table), (factor * 0xD6E8FEB86659FD93) % (1 << 64)
    return numbers


def _distinct(grams: UInt32s, ends: Int64s) -> tuple[Int64s, Int64s]:
    """Each text's 4-grams sorted and once, and where they end; `grams` is sorted in place."""
    begins = np.concatenate((np.zeros(1, np.int64), ends[:-1]))
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        grams[begin:end].sort()
    once = np.concatenate(([True], grams[1:] != grams[:-1]))
    once[begins] = True
    return grams[once].astype(np.int64), np.cumsum(np.add.reduceat(once, begins, dtype=np.int64))
