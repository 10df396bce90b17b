"""Which shard a row belongs to, and batches of rows that must be looked at together.

A shard is a range of seed ids. Ids are hashes, so shards are about equal, and one after the other they are the table in its order.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from distill.similarity.arrays import Int64s, UInt64s

LEAST_BATCH = 1 << 14
"""Rows of a batch of components, at least, where there are so many: below it the graph looks at more of a crowd
(`distill.similarity.graph.ROOM`) than it would among all rows."""


def numbers(ids: Iterable[str]) -> UInt64s:
    """Seed ids (16 hexadecimal digits each) as numbers, in the same order; ValueError for any other text."""
    joined = "".join(ids)
    return np.frombuffer(bytes.fromhex(joined), ">u8").astype(np.uint64)


def shard_of(ids: UInt64s, shards: int) -> Int64s:
    """The shard (0 … shards - 1) of each id; a higher id never has a lower shard."""
    return ((ids >> np.uint64(32)) * np.uint64(shards) >> np.uint64(32)).astype(np.int64)


def batches(groups: Int64s, most: int) -> Int64s:
    """The batch (0, 1, …) of each row: rows of a group share one, and a batch takes groups until it has `most` rows.

    Groups are taken in the order of their numbers. One that is larger than `most` is a batch of its own, or the end of one.
    """
    names, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    found, filled, batch = np.empty(len(names), np.int64), 0, 0
    for at, size in enumerate(sizes.tolist()):
        if filled >= most:
            filled, batch = 0, batch + 1
        found[at] = batch
        filled += size
    return found[places]
