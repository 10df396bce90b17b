"""Decisions about near-duplicates are the same in batches of whole components."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate.shards.components import among, batch_graph, components
from distill.curate.shards.edges import KINDS, Edges
from distill.similarity.graph import Graph
from distill.text.normalise import normalise

WORDS = ["my", "parcel", "is", "late", "please", "where", "the", "refund", "of", "lamp", "kettle"]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), min_size=2, max_size=7).map(" ".join), max_size=25)


def edges_of(graph: Graph) -> Edges:
    rows = sorted((i, j, *edge) for i, own in graph.edges.items() for j, edge in own.items() if i < j)
    left, right, value, kind = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    kinds = np.array([KINDS.index(one) for one in kind], np.uint8)
    return Edges(np.array(left, np.int64), np.array(right, np.int64), np.array(value, np.float64), kinds)


@settings(max_examples=50)
@given(TEXTS)
def test_each_component_alone_decides_as_all_together(texts: list[str]) -> None:
    plain = list(dict.fromkeys(map(normalise, texts)))
    graph = Graph.of(plain, threshold=0.6, typos=True)
    expected = [None if one is None else (one.index, one.value) for one in graph.near_duplicates(plain, threshold=0.6)]
    edges = edges_of(graph)
    ends, roots = components(edges)
    found: list[tuple[int, float] | None] = [None] * len(plain)
    for root in np.unique(roots).tolist():
        rows = ends[roots == root]
        own = pl.Series([plain[i] for i in rows.tolist()])
        batch = batch_graph(own, among(edges, rows), threshold=0.6, typos=True, numbers=True)
        for at, one in zip(rows.tolist(), batch.near_duplicates(own, threshold=0.6), strict=True):
            found[at] = None if one is None else (int(rows[one.index]), one.value)
    assert found == expected


def test_a_component_is_named_for_its_smallest_row() -> None:
    left, right = np.array([1, 2, 6]), np.array([5, 7, 7])
    ends, roots = components(Edges(left, right, np.ones(3), np.zeros(3, np.uint8)))
    assert dict(zip(ends.tolist(), roots.tolist(), strict=True)) == {1: 1, 5: 1, 2: 2, 6: 2, 7: 2}
