"""Which of many texts may be near copies: their sketches cut into bands, and pairs that share a band.

    texts → 128 numbers a text (`distill.similarity.sketches`) → 21 keys of 6 numbers each → pairs with a key in common

Nothing here is exact, and no pair is a verdict: `distill.similarity.pairs` compares the sets themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distill.similarity.arrays import Int64s, UInt32s, UInt64s
from distill.similarity.sketches import BLOCK, blocks, sketches

MISS = 2e-4
PAIRS, GLANCES = 1 << 20, 1 << 24
"""About how many pairs are proposed at most, and how many are looked at in each band. Each text has an even share of both."""
LEAST = 16
"""A share is never smaller than this."""
SMALL = 128
"""A crowd of so many texts is looked at whole, though some may have other marks."""

_AT_A_TIME = 1 << 11
"""Pairs whose sketches are compared at a time: they fit a core's cache."""
_LOW = np.uint64(0x7F7F7F7F7F7F7F7F)

IndexPairs = tuple[Int64s, Int64s]
ScoredPairs = tuple[Int64s, NDArray[np.int16]]
"""Pairs as right << 32 | left, and in how many bytes their sketches agree (no more than is usual at the threshold)."""
NO_PAIRS: ScoredPairs = np.empty(0, np.int64), np.empty(0, np.int16)


@dataclass(frozen=True, slots=True)
class Index:
    """Of n texts, the keys of each band (bands, n), and of every number of the sketches its last byte (n, numbers), to which zeros
    are added up to a multiple of eight.
    """

    keys: UInt32s
    digests: NDArray[np.uint8]
    usual: int
    """In how many of the bytes a pair at the threshold agrees on average."""
    least: int
    """In how many a pair must agree to be worth a comparison."""


def index(texts: Sequence[str], *, threshold: float, num_perm: int) -> Index:
    """The index of texts that have `SHINGLE` characters or more each."""
    count, rows = bands(threshold, num_perm)
    keys = np.empty((count, len(texts)), np.uint32)
    zeros = -num_perm % 8
    digests = np.zeros((len(texts), num_perm + zeros), np.uint8)
    # Freed at once, this tells glibc that arrays of such a size come and go. Otherwise it may hand the memory of every
    # temporary array back to the system, and a third of the time would go into page faults.
    np.empty(1 << 24, np.uint8)
    for start, stop in blocks([len(text) for text in texts], BLOCK):
        numbers = sketches(texts[start:stop], num_perm)
        digests[start:stop, :num_perm] = numbers.astype(np.uint8)
        keys[:, start:stop] = _keys(numbers[:, : count * rows].reshape(-1, count, rows)).T
    # Four standard deviations below what a pair at the threshold has: lost are 3 in 100,000 of those, fewer above it.
    least = math.floor(threshold * num_perm - 4 * math.sqrt(threshold * (1 - threshold) * num_perm))
    return Index(keys, digests, round(threshold * num_perm) + zeros, max(0, least) + zeros)


def bands(threshold: float, num_perm: int) -> tuple[int, int]:
    """(bands, rows of a band): the most selective that miss a pair at the threshold less often than MISS."""
    rows = 1
    while rows < num_perm // 2:
        r = rows + 1
        if (1 - threshold**r) ** (num_perm // r) > MISS:
            break
        rows = r
    return num_perm // rows, rows


def candidates(
    found: Index,
    *,
    others: int | None = None,
    pairs: int = PAIRS,
    glances: int = GLANCES,
    room: int | None = None,
    marks: Callable[[Int64s], UInt64s] | None = None,
) -> IndexPairs:
    """Pairs (i, j), i < j, sorted, each once, that share a band and look near enough.

    With `others`, only pairs of one of the first so many texts with one of the rest. `marks` gives a number of each text; it is
    asked about those in a crowd that is too large to be looked at whole, where texts of other marks would be in the way. IndexPairs
    of a small crowd may have different ones.

    A key that very many texts share (a form letter, say) would cost the square of their number. So in each band a text
    looks at the first of those that share its key, until `room` of them look near, and of all bands it keeps `room`, the
    likeliest and then the earliest. In a crowd that is truly near every text is still found near its first ones; lost
    can be a pair of two late members that share no smaller group in any band.
    """
    room, glances = limits(found.keys.shape[1], pairs=pairs, glances=glances, room=room)
    kept, fresh, waiting = NO_PAIRS, [], 0
    for keys in found.keys:
        for some in of_band(found, keys, others=others, room=room, glances=glances, marks=marks):
            fresh.append(some)
            waiting += len(some[0])
        if waiting > 2 * pairs:
            kept, fresh, waiting = best([kept, *fresh], room), [], 0
    return in_order(best([kept, *fresh], room)[0])


def limits(count: int, *, pairs: int = PAIRS, glances: int = GLANCES, room: int | None = None) -> tuple[int, int]:
    """(how many pairs a text is in, at how many it looks in each band) among so many texts."""
    share, glances = (max(LEAST, limit // max(1, count)) for limit in (pairs, glances))
    return room or share, glances


def of_band(
    found: Index, keys: UInt32s, *, others: int | None, room: int, glances: int, marks: Callable[[Int64s], UInt64s] | None
) -> Iterator[ScoredPairs]:  # fmt: skip
    """What the keys of one band propose, pair by pair perhaps more than once."""
    crowds = _crowds(keys)
    if marks is not None:
        crowds = _parted(*crowds, marks)
    looks = room if marks is None else max(room, SMALL)
    yield from _glanced(found, *crowds, others, room=looks, glances=glances)


def in_order(codes: Int64s) -> IndexPairs:
    """Pairs right << 32 | left as (left, right), sorted."""
    left, right = codes & 0xFFFFFFFF, codes >> 32
    order = np.lexsort((right, left))
    return left[order], right[order]


def _keys(numbers: UInt32s) -> UInt32s:
    """(texts, bands, rows) → (texts, bands): a hash of each band's rows. A chance hit costs one comparison."""
    key = numbers[:, :, 0].astype(np.uint64)
    for row in range(1, numbers.shape[2]):
        key = (key ^ (key >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15) + numbers[:, :, row]
    return (((key ^ (key >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)) >> np.uint64(32)).astype(np.uint32)


def _crowds(keys: UInt32s) -> IndexPairs:
    """(texts that share their key with another, sorted by key and then by number; where the crowd of each begins)."""
    ordered = np.sort((keys.astype(np.uint64) << np.uint64(32)) | np.arange(len(keys), dtype=np.uint64))
    groups = ordered >> np.uint64(32)
    same = np.concatenate(([False], groups[1:] == groups[:-1], [False]))
    shared = same[1:] | same[:-1]
    texts = (ordered[shared] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    begins = np.flatnonzero(~same[:-1][shared])
    return texts, np.repeat(begins, np.diff(begins, append=len(texts)))


def _parted(texts: Int64s, begins: Int64s, marks: Callable[[Int64s], UInt64s]) -> IndexPairs:
    """Crowds of texts with the same marks, of those that share a key; small ones stay as they are."""
    large = (np.bincount(begins) > SMALL)[begins] if len(texts) else np.zeros(0, np.bool_)
    if not large.any():
        return texts, begins
    own = np.zeros(len(texts), np.uint64)
    own[large] = marks(texts[large])
    order = np.lexsort((texts, own, begins))
    texts, begins, own = texts[order], begins[order], own[order]
    same = np.concatenate(([False], (begins[1:] == begins[:-1]) & (own[1:] == own[:-1]), [False]))
    shared = same[1:] | same[:-1]
    starts = np.flatnonzero(~same[:-1][shared])
    texts = texts[shared]
    return texts, np.repeat(starts, np.diff(starts, append=len(texts)))


def _glanced(
    found: Index, texts: Int64s, begin: Int64s, others: int | None, *, room: int, glances: int
) -> Iterator[ScoredPairs]:
    """Each text of a crowd with the first of its crowd, then with the second, and so on.

    Where few texts are left, with several at once: it is numpy's calls that cost then. What is given is the same.
    """
    at = np.arange(len(texts))
    if others is not None:
        at = at[texts >= others]
    hits, ahead = np.zeros(len(texts), np.int64), 0
    while ahead < glances:
        at = at[(begin[at] + ahead < at) & (hits[at] < room)]
        if others is not None:
            at = at[texts[begin[at] + ahead] < others]
        if not len(at):
            return
        steps = min(glances - ahead, max(1, _AT_A_TIME // len(at)))
        places = begin[at][:, None] + np.arange(ahead, ahead + steps)
        looked = places < at[:, None]
        if others is not None:
            looked &= texts[np.minimum(places, len(texts) - 1)] < others
        rows, _ = np.nonzero(looked)
        left, right = texts[places[looked]], texts[at][rows]
        agree = agreed(found.digests, left, right)
        near = agree >= found.least
        looked[looked] = near
        in_room = hits[at][:, None] + np.cumsum(looked, axis=1) <= room
        near[near] = in_room[looked]
        hits[at] += looked.sum(axis=1)
        ahead += steps
        yield right[near] << 32 | left[near], np.minimum(agree[near], found.usual)


def agreed(digests: NDArray[np.uint8], left: Int64s, right: Int64s) -> NDArray[np.int16]:
    """In how many bytes the two sketches of each pair agree."""
    words, count = digests.view(np.uint64), np.empty(len(left), np.int16)
    for start in range(0, len(left), _AT_A_TIME):
        some = slice(start, start + _AT_A_TIME)
        apart = words[left[some]] ^ words[right[some]]
        # The top bit of every byte that is not zero: adding carries into it, and it never carries out.
        apart |= (apart & _LOW) + _LOW
        count[some] = digests.shape[1] - np.bitwise_count(apart & ~_LOW).sum(axis=1, dtype=np.int16)
    return count


def best(parts: Sequence[ScoredPairs], room: int) -> ScoredPairs:
    """Each pair once, and of the pairs of one right text no more than `room`: the likeliest, then the earliest."""
    codes, places = np.unique(np.concatenate([part[0] for part in parts]), return_index=True)
    agreed = np.concatenate([part[1] for part in parts])[places]
    right = codes >> 32
    if np.bincount(right).max(initial=0) > room:
        order = np.lexsort((codes, -agreed, right))
        begins = np.flatnonzero(np.diff(right, prepend=-1))
        rank = np.arange(len(right)) - np.repeat(begins, np.diff(begins, append=len(right)))
        best = np.sort(order[rank < room])
        codes, agreed = codes[best], agreed[best]
    return codes, agreed
