"""Which of many texts may be near copies: sketches of their 4-grams, cut into bands, and pairs that share a band.

    texts → code points → hashes of 4-grams → 128 numbers a text → 21 keys of 6 numbers each → pairs with a key in common

Two texts agree in each of the numbers as often as their sets of 4-grams overlap. The sketch is that of "Fast Similarity
Sketching" (Dahlgaard, Knudsen, Thorup, 2017): a permutation throws every 4-gram into one of the slots, the smallest
keeps it, and further permutations fill the slots that are still empty; a long text so costs one or two permutations
instead of 128. The permutations are those of datasketch's MinHash. A text's sketch depends on that text alone, so
neither the machine nor the other texts nor their order change it.

Nothing here is exact, and no pair is a verdict: `distill.similarity.pairs` compares the sets themselves.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.similarity.arrays import Int64s, UInt32s, UInt64s

SHINGLE = 4
MISS = 2e-4
ROUNDS = 24
"""Permutations that throw into any slot. What is then still empty (texts of few 4-grams) gets one of its own."""
PAIRS, GLANCES = 1 << 20, 1 << 24
"""About how many pairs are proposed at most, and how many are looked at in each band. Each text has an even share of both."""
LEAST = 16
"""A share is never smaller than this."""
SMALL = 128
"""A crowd of so many texts is looked at whole, though some may have other marks."""
BLOCK = 1 << 16
"""Characters that are sketched at a time: their numbers fit a core's cache."""
EMPTY = np.uint32(0xFFFFFFFF)

IndexPairs = tuple[Int64s, Int64s]
ScoredPairs = tuple[Int64s, NDArray[np.int16]]
"""Pairs as right << 32 | left, and in how many bytes their sketches agree (no more than is usual at the threshold)."""
_NONE: ScoredPairs = np.empty(0, np.int64), np.empty(0, np.int16)


@dataclass(frozen=True, slots=True)
class Index:
    """Of n texts, the keys of each band (bands, n), and of every number of the sketches its last byte (n, numbers)."""

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
    digests = np.empty((len(texts), num_perm), np.uint8)
    # Freed at once, this tells glibc that arrays of such a size come and go. Otherwise it may hand the memory of every
    # temporary array back to the system, and a third of the time would go into page faults.
    np.empty(1 << 24, np.uint8)
    for start, stop in blocks([len(text) for text in texts], BLOCK):
        numbers = sketches(texts[start:stop], num_perm)
        digests[start:stop] = numbers.astype(np.uint8)
        keys[:, start:stop] = _keys(numbers[:, : count * rows].reshape(-1, count, rows)).T
    # Four standard deviations below what a pair at the threshold has: lost are 3 in 100,000 of those, fewer above it.
    least = math.floor(threshold * num_perm - 4 * math.sqrt(threshold * (1 - threshold) * num_perm))
    return Index(keys, digests, round(threshold * num_perm), max(0, least))


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
    count = found.keys.shape[1]
    share, glances = (max(LEAST, limit // max(1, count)) for limit in (pairs, glances))
    room = room or share
    kept, fresh, waiting = _NONE, [], 0
    for keys in found.keys:
        crowds = _crowds(keys)
        if marks is not None:
            crowds = _parted(*crowds, marks)
        looks = room if marks is None else max(room, SMALL)
        for some in _glanced(found, *crowds, others, room=looks, glances=glances):
            fresh.append(some)
            waiting += len(some[0])
        if waiting > 2 * pairs:
            kept, fresh, waiting = _best([kept, *fresh], room), [], 0
    codes, _ = _best([kept, *fresh], room)
    left, right = codes & 0xFFFFFFFF, codes >> 32
    order = np.lexsort((right, left))
    return left[order], right[order]


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
def _permutations(count: int) -> tuple[Any, Any]:
    from datasketch import MinHash

    factors, offsets = MinHash(num_perm=count, seed=1, scheme="affine32").permutations
    return factors, offsets


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
    """Each text of a crowd with the first of its crowd, then with the second, and so on."""
    at = np.arange(len(texts))
    if others is not None:
        at = at[texts >= others]
    hits = np.zeros(len(texts), np.int64)
    for ahead in range(glances):
        at = at[(begin[at] + ahead < at) & (hits[at] < room)]
        if others is not None:
            at = at[texts[begin[at] + ahead] < others]
        if not len(at):
            return
        left, right = texts[begin[at] + ahead], texts[at]
        agreed = _agreed(found.digests, left, right)
        near = agreed >= found.least
        hits[at[near]] += 1
        yield right[near] << 32 | left[near], np.minimum(agreed[near], found.usual)


def _agreed(digests: NDArray[np.uint8], left: Int64s, right: Int64s) -> NDArray[np.int16]:
    """In how many bytes the two sketches of each pair agree."""
    agreed = np.empty(len(left), np.int16)
    for start in range(0, len(left), 1 << 14):  # what is compared at a time fits the cache
        some = slice(start, start + (1 << 14))
        agreed[some] = (digests[left[some]] == digests[right[some]]).sum(axis=1, dtype=np.int16)
    return agreed


def _best(parts: Sequence[ScoredPairs], room: int) -> ScoredPairs:
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
