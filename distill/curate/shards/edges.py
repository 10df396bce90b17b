"""Edges between near texts that lie in a file: what `Graph.of` finds, by the same functions over blocks.

    texts → sketches, a block at a time → a file a band → pairs that share a band → verified, a block of pairs at a time

Texts are normalised and all different. Of the sketches the bands lie in files of four bytes a text, read one at a time, and the digests in
one file that is mapped.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from distill.similarity import decisive, in_parts, minhash
from distill.similarity.arrays import Bools, Float64s, Int64s, UInt32s, UInt64s
from distill.similarity.jaccard import overlaps
from distill.similarity.minhash import Index, IndexPairs, candidates, index
from distill.similarity.pairs import NUM_PERM
from distill.similarity.sketches import SHINGLE
from distill.similarity.typos.typo_pairs import typo_pairs

NEAR, TYPO = 0, 1
"""The kind of an edge, as a number."""
KINDS = ("near", "typo")
TEXTS, PAIRS = 1 << 16, 1 << 16
"""Texts that are sketched at a time, and pairs that are verified at a time."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Edges between rows by their places, left < right, each pair once; sorted by (left, right)."""

    left: Int64s
    right: Int64s
    value: Float64s
    kind: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.left)

    @classmethod
    def of(cls, near: Sequence[tuple[Int64s, Int64s, Float64s]], typos: Sequence[tuple[int, int, float]]) -> Edges:
        """Of two edges between the same rows the near one counts."""
        left = np.concatenate([np.empty(0, np.int64), *(a for a, _, _ in near), [a for a, _, _ in typos]]).astype(
            np.int64
        )
        right = np.concatenate([np.empty(0, np.int64), *(b for _, b, _ in near), [b for _, b, _ in typos]]).astype(
            np.int64
        )
        value = np.concatenate([np.empty(0), *(v for _, _, v in near), [v for _, _, v in typos]]).astype(np.float64)
        kind = np.full(len(left), NEAR, np.uint8)
        kind[len(left) - len(typos) :] = TYPO
        order = np.lexsort((kind, right, left))
        once = np.ones(len(order), np.bool_)
        once[1:] = (np.diff(left[order]) != 0) | (np.diff(right[order]) != 0)
        order = order[once]
        return cls(left[order], right[order], value[order], kind[order])


@dataclass(frozen=True, slots=True)
class Sketch:
    """Of a block of texts the keys of each band (bands, n) and the digests (n, numbers)."""

    keys: UInt32s
    digests: NDArray[np.uint8]


def sketch(texts: Sequence[str], threshold: float) -> Sketch:
    """The sketches of texts that have `SHINGLE` characters or more each."""
    found = index(texts, threshold=threshold, num_perm=NUM_PERM)
    return Sketch(found.keys, found.digests)


def verified(
    texts: Sequence[str], left: Int64s, right: Int64s, *, threshold: float, numbers: bool
) -> tuple[Bools, Float64s]:
    """(which pairs of a block are near, the overlap of each); `left` is sorted. With `numbers` none is whose numbers differ."""
    values = np.fromiter(overlaps(texts, left, right), np.float64, len(left))
    near = values >= threshold
    if numbers and near.any():
        ends = np.unique(np.concatenate((left[near], right[near])))
        marks = np.zeros(len(texts), np.uint64)
        marks[ends] = decisive.numbers(texts[at] for at in ends.tolist())
        near[near] = marks[left[near]] == marks[right[near]]
    return near, values


def edges(texts: Sequence[str], folder: Path, *, threshold: float, numbers: bool, typos: bool) -> Edges:
    """All edges between `texts`; the files of their bands stand in `folder` meanwhile."""
    near = list(_near(texts, folder, threshold, numbers))
    found = typo_pairs(texts, numbers=numbers) if typos else []
    return Edges.of(near, found)


def _near(
    texts: Sequence[str], folder: Path, threshold: float, numbers: bool
) -> Iterator[tuple[Int64s, Int64s, Float64s]]:
    long = _long(texts)
    if len(long) < 2:
        return
    if in_parts.worth(len(long)):  # where several work on them; the files of bands are then the executor's
        how = in_parts.How(len(long), threshold, NUM_PERM, numbers)
        left, right = in_parts.candidates(_Some(texts, long), how)
    else:
        left, right = _candidates(texts, long, folder, threshold, numbers)
    for start in range(0, len(left), PAIRS):
        yield _of_block(texts, long, left[start : start + PAIRS], right[start : start + PAIRS], threshold, numbers)


@dataclass(frozen=True, slots=True)
class _Some(Sequence[str]):
    """Some of the texts, read when they are asked for."""

    texts: Sequence[str]
    places: Int64s

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self.texts[i] for i in self.places[at].tolist()]
        return self.texts[int(self.places[at])]


def _candidates(texts: Sequence[str], long: Int64s, folder: Path, threshold: float, numbers: bool) -> IndexPairs:
    _write_sketches(texts, long, folder, threshold)
    bands, _ = minhash.bands(threshold, NUM_PERM)
    digests = np.memmap(folder / _DIGESTS, np.uint8, "r", shape=(len(long), NUM_PERM))
    empty = index([" " * SHINGLE], threshold=threshold, num_perm=NUM_PERM)  # for the limits of this threshold
    files = _BandFiles(folder, bands, len(long))
    marks = _Marks(texts, long).of if numbers else None
    return candidates(Index(files, digests, empty.usual, empty.least), marks=marks)  # type: ignore[arg-type] # a band at a time is all it asks of the keys


def _of_block(
    texts: Sequence[str], long: Int64s, left: Int64s, right: Int64s, threshold: float, numbers: bool
) -> tuple[Int64s, Int64s, Float64s]:
    members, places = np.unique(np.concatenate((left, right)), return_inverse=True)
    own_left, own_right = np.split(places, 2)
    near, values = verified(
        [texts[i] for i in long[members].tolist()], own_left, own_right, threshold=threshold, numbers=numbers
    )
    return long[left[near]], long[right[near]], values[near]


def _long(texts: Sequence[str]) -> Int64s:
    """The places of texts that can be cut into 4-grams."""
    return np.flatnonzero(np.fromiter((len(text) >= SHINGLE for text in texts), np.bool_, len(texts)))


def _write_sketches(texts: Sequence[str], long: Int64s, folder: Path, threshold: float) -> None:
    """The bands and digests of all texts, a block at a time, each band appended to its own file."""
    bands, _ = minhash.bands(threshold, NUM_PERM)
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context((folder / _BAND.format(band)).open("wb")) for band in range(bands)]
        digests = stack.enter_context((folder / _DIGESTS).open("wb"))
        for start in range(0, len(long), TEXTS):
            some = [texts[i] for i in long[start : start + TEXTS].tolist()]
            found = sketch(some, threshold)
            for file, keys in zip(files, found.keys, strict=True):
                file.write(np.ascontiguousarray(keys).tobytes())
            digests.write(found.digests.tobytes())


_BAND, _DIGESTS = "band-{:02}.bin", "digests.bin"


@dataclass(frozen=True, slots=True)
class _BandFiles:
    """The keys of an index whose bands are read one at a time."""

    folder: Path
    bands: int
    texts: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.bands, self.texts

    def __iter__(self) -> Iterator[UInt32s]:
        return (np.fromfile(self.folder / _BAND.format(band), np.uint32) for band in range(self.bands))


class _Marks:
    """The marks of texts (numbers and negations), found when they are first asked about."""

    def __init__(self, texts: Sequence[str], long: Int64s) -> None:
        self._texts, self._long = texts, long
        self._values, self._known = np.zeros(len(long), np.uint64), np.zeros(len(long), np.bool_)

    def of(self, some: Int64s) -> UInt64s:
        new = np.unique(some[~self._known[some]])
        self._values[new] = decisive.numbers(self._texts[at] for at in self._long[new].tolist())
        self._known[new] = True
        return self._values[some]


def disk_bytes(texts: int, threshold: float) -> int:
    """Bytes that the files of so many texts take."""
    bands, _ = minhash.bands(threshold, NUM_PERM)
    return math.ceil(texts * (4 * bands + NUM_PERM))
