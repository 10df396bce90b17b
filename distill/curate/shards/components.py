"""Connected rows: which rows are near each other by a chain of edges, and the graph of a batch of them.

Decisions about near-duplicates never cross a component. So the steps that make them take whole components, a batch at a time, and a row
without an edge takes no part.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from distill.curate.shards.edges import KINDS, NEAR, Edges
from distill.similarity.arrays import Int64s
from distill.similarity.graph import Graph, ScoredPair, edges_and_crowd
from distill.similarity.keys import Spellings, keys_of
from distill.similarity.pairs import clusters


def components(edges: Edges) -> tuple[Int64s, Int64s]:
    """(the rows that have an edge, ascending; of each the smallest row that a chain of edges leads to)."""
    ends, places = np.unique(np.concatenate((edges.left, edges.right)), return_inverse=True)
    left, right = np.split(places, 2)
    pairs = zip(left.tolist(), right.tolist(), edges.value.tolist(), strict=True)
    roots = np.array(clusters(len(ends), pairs), np.int64)
    return ends, ends[roots] if len(ends) else ends


def among(edges: Edges, rows: Int64s) -> Edges:
    """The edges between `rows` (ascending), by their places among them."""
    both = _is_in(edges.left, rows) & _is_in(edges.right, rows)
    left, right = np.searchsorted(rows, edges.left[both]), np.searchsorted(rows, edges.right[both])
    return Edges(left, right, edges.value[both], edges.kind[both])


def batch_graph(texts: Iterable[str], edges: Edges, *, threshold: float, typos: bool, numbers: bool) -> Graph:
    """The graph of a batch of whole components: `texts` that all differ, in the order of their rows, and the edges `among` them."""
    nodes = Spellings.of(keys_of(texts))
    order = np.argsort(edges.kind != NEAR, kind="stable")  # of two edges between the same rows the first counts
    pairs: list[ScoredPair] = [
        (left, right, value, "near" if KINDS[kind] == "near" else "typo")
        for left, right, value, kind in zip(
            edges.left[order].tolist(), edges.right[order].tolist(), edges.value[order].tolist(), edges.kind[order].tolist(), strict=True
        )
    ]  # fmt: skip
    return Graph(threshold, None, nodes, *edges_and_crowd(pairs), typos, numbers)


def _is_in(values: Int64s, rows: Int64s) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    if not len(rows):
        return np.zeros(len(values), np.bool_)
    at = np.minimum(np.searchsorted(rows, values), len(rows) - 1)
    return np.equal(rows[at], values)
