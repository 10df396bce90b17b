"""Many texts by their `spelling`, as one array: a million of them take 24 MB where Python's own bytes take 200."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distill.similarity.arrays import Int64s
from distill.text.normalise import spelling

SIZE = 16
Keys = NDArray[np.bytes_]
"""(n): the spelling of each of n texts. They are compared as arrays: numpy cuts the zeros at the end off a single one."""


def keys_of(texts: Iterable[str]) -> Keys:
    return np.fromiter(map(spelling, texts), dtype=f"S{SIZE}")


def first_of_equal(keys: Keys) -> Int64s:
    """Of each key the place of the first that is equal: its own where nothing before it is."""
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    places: Int64s = first[group]
    return places


@dataclass(frozen=True, slots=True, eq=False)
class Spellings:
    """Different keys, each with its place; `order` sorts them. Build one with `of`."""

    keys: Keys
    order: NDArray[np.int32]

    @classmethod
    def of(cls, keys: Keys) -> Spellings:
        """Of equal keys the first counts, and those that are left keep their order."""
        once = keys[first_of_equal(keys) == np.arange(len(keys))]
        return cls(once, np.argsort(once).astype(np.int32))

    def __len__(self) -> int:
        return len(self.keys)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spellings) and np.array_equal(self.keys, other.keys)

    def __hash__(self) -> int:
        return hash(self.keys.tobytes())

    def find(self, keys: Keys) -> Int64s:
        """The place of each key, -1 where it is not there."""
        if not len(self):
            return np.full(len(keys), -1, np.int64)
        at = np.searchsorted(self.keys, keys, sorter=self.order)
        places = self.order[np.minimum(at, len(self) - 1)].astype(np.int64)
        return np.where(self.keys[places] == keys, places, -1)
