"""The same as `distill.similarity.minhash` and `jaccard`, for many texts in parts, wherever the executor works on them.

    texts of a part → sketches → a piece for each band and range of keys          a map, thrown by the hash of the band
    the pieces of one band and range → pairs that share a key                     where texts of all parts meet
    pairs with their texts → their exact overlap                                  a map

Every crowd of texts that share a key lies in one piece of each part, so the pairs, and with them all that follows, are those of one process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from distill.executors import executor as executors
from distill.similarity import decisive, minhash
from distill.similarity.arrays import Float64s, Int64s, UInt32s, UInt64s
from distill.similarity.jaccard import overlaps
from distill.similarity.minhash import Index, IndexPairs, ScoredPairs

TEXTS = 1 << 21
"""Texts whose keys of one band are compared in one place: their sketches take a quarter of a GiB. More are parted by their keys."""


@dataclass(frozen=True, slots=True)
class How:
    """How so many texts are compared; `others` and `room` are as for `minhash.candidates`."""

    count: int
    threshold: float
    num_perm: int
    numbers: bool
    others: int | None = None
    room: int | None = None

    @property
    def ranges(self) -> int:
        """Into how many ranges the keys of a band are parted."""
        return -(-self.count // TEXTS)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Of some texts of a part: their numbers among all, their keys of one band, sketches, and marks."""

    texts: Int64s
    keys: UInt32s
    index: Index
    """Of these texts, without keys."""
    marks: UInt64s


def worth(count: int) -> bool:
    """Whether so many texts are more than one part."""
    rows = executors.current().rows
    return rows is not None and count > rows


def compared(texts: Sequence[str], how: How) -> tuple[Int64s, Int64s, Float64s]:
    """(left, right, overlap) of every pair that looks near, sorted; the texts are normalised and of 4 characters or more."""
    left, right = candidates(texts, how)
    executor = executors.current()
    blocks = (
        _block(texts, left[start:stop], right[start:stop]) for start, stop in executors.cuts(len(left), executor.rows)
    )
    values = [np.empty(0), *executor.map("near pairs", _overlaps, blocks, None)]
    return left, right, np.concatenate(values)


def candidates(texts: Sequence[str], how: How) -> IndexPairs:
    """The pairs of `minhash.candidates`."""
    executor = executors.current()
    parts = ((start, texts[start:stop]) for start, stop in executors.cuts(len(texts), executor.rows))
    room, _ = minhash.limits(how.count, room=how.room)
    kept = minhash.NO_PAIRS
    for some in executor.shuffle("near-duplicates", _split, parts, _join, how):
        kept = minhash.best([kept, some], room)
    return minhash.in_order(kept[0])


def _split(part: tuple[int, Sequence[str]], how: How) -> list[_Piece]:
    """A piece for each band and each range of its keys, in this order."""
    first, texts = part
    found = minhash.index(texts, threshold=how.threshold, num_perm=how.num_perm)
    marks = decisive.numbers(texts) if how.numbers else np.zeros(len(texts), np.uint64)
    numbers, edges = np.arange(first, first + len(texts)), np.arange(1, how.ranges) * ((1 << 32) // how.ranges)
    pieces = []
    for keys in found.keys:
        group = np.searchsorted(edges, keys, side="right")
        for own in (np.flatnonzero(group == number) for number in range(how.ranges)):
            index = Index(keys[None, :0], found.digests[own], found.usual, found.least)
            pieces.append(_Piece(numbers[own], keys[own], index, marks[own]))
    return pieces


def _join(pieces: Sequence[_Piece], how: How) -> ScoredPairs:
    """The pairs of one band and range, over the texts of all parts, which stand in their order."""
    keys = np.concatenate([piece.keys for piece in pieces])
    _, group, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    shared = sizes[group] > 1
    if not shared.any():
        return minhash.NO_PAIRS
    keys, texts = keys[shared], np.concatenate([piece.texts for piece in pieces])[shared]
    digests, marks = np.concatenate([piece.index.digests for piece in pieces])[shared], _marks(pieces)[shared]
    found = Index(keys[None], digests, pieces[0].index.usual, pieces[0].index.least)
    room, glances = minhash.limits(how.count, room=how.room)
    others = None if how.others is None else int(np.searchsorted(texts, how.others))
    of_text = marks.__getitem__ if how.numbers else None
    kept, fresh, waiting = minhash.NO_PAIRS, [], 0
    for codes, agreed in minhash.of_band(found, keys, others=others, room=room, glances=glances, marks=of_text):
        fresh.append((texts[codes >> 32] << 32 | texts[codes & 0xFFFFFFFF], agreed))
        waiting += len(codes)
        if waiting > minhash.PAIRS:
            kept, fresh, waiting = minhash.best([kept, *fresh], room), [], 0
    return minhash.best([kept, *fresh], room)


def _marks(pieces: Sequence[_Piece]) -> UInt64s:
    return np.concatenate([piece.marks for piece in pieces])


_Block = tuple[list[str], Int64s, Int64s]
"""Texts, and pairs of them by their places."""


def _block(texts: Sequence[str], left: Int64s, right: Int64s) -> _Block:
    members, places = np.unique(np.concatenate((left, right)), return_inverse=True)
    return [texts[i] for i in members.tolist()], places[: len(left)], places[len(left) :]


def _overlaps(block: _Block, _shared: None) -> Float64s:
    return overlaps(*block)
