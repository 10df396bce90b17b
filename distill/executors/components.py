"""Connected components of a graph whose edges lie in several parts: union-find in each, then the parts' stars contracted.

A part hands on a star for each component that it sees: (member, smallest member). Those of all parts are edges again, far fewer
than before, and their union-find gives the components of the whole. The root of each is its smallest node, so neither the number
of parts nor their order shows in what comes out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Stars = tuple[Int64s, Int64s]
"""(nodes, the smallest node of the component of each), sorted by node; roots by themselves are left out."""


def stars(left: Int64s, right: Int64s) -> Stars:
    """The components of the edges (left[k], right[k])."""
    nodes, places = np.unique(np.concatenate((left, right)), return_inverse=True)
    ends = places.reshape(2, -1)
    root = np.arange(len(nodes))
    while True:
        # Each edge pulls the roots of both its ends to the smaller one; then every node points to its root again.
        one, other = root[ends[0]], root[ends[1]]
        low, high = np.minimum(one, other), np.maximum(one, other)
        if np.array_equal(low, high):
            break
        np.minimum.at(root, high, low)
        while not np.array_equal(root, further := root[root]):
            root = further
    moved = root != np.arange(len(nodes))
    return nodes[moved], nodes[root[moved]]


def contracted(parts: Sequence[Stars]) -> Stars:
    """The components of all parts together."""
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    nodes, roots = (np.concatenate(ends) for ends in zip(*parts, strict=True))
    return stars(nodes, roots)
