"""A graph's edges as a table (`distill.tables.columns.PAIRS`) and back: texts go by the ids of their rows."""

from __future__ import annotations

import numpy as np
import polars as pl

from distill.similarity.graph import Graph, edges_and_crowd
from distill.similarity.keys import Spellings, keys_of
from distill.tables.columns import PAIRS


def edge_table(graph: Graph, texts: pl.DataFrame) -> pl.DataFrame:
    """Every edge between `texts` (id, text) as (a, b, similarity, kind), a < b; of equal texts the smallest id stands for all."""
    ids = texts.to_series(0)
    places = graph.nodes.find(keys_of(texts.to_series(1)))
    last = ids.arg_sort(descending=True).to_numpy()
    named = np.full(len(graph.nodes) + 1, -1, np.int64)
    # Of several the last assignment holds; what is no node ends up at the place behind all.
    named[places[last]] = last
    names = {i: ids[int(named[i])] for i in graph.edges if named[i] >= 0}
    rows = sorted(
        (*sorted((names[i], names[j])), value, kind)
        for i in names
        for j, (value, kind) in graph.edges[i].items()
        if i < j and j in names
    )
    return pl.DataFrame(rows, schema=PAIRS, orient="row")


def read_edges(
    table: pl.DataFrame, texts: pl.DataFrame, *, threshold: float, meaning: float | None = None, typos: bool = False,
    numbers: bool = True,
) -> Graph:  # fmt: skip
    """The graph of an `edge_table`; `texts` are all that it was made of, as (id, text), and the rest as it was made with."""
    keys = keys_of(texts.to_series(1))
    nodes = Spellings.of(keys)
    place = texts.select(texts.to_series(0).alias("id")).with_columns(node=nodes.find(keys))
    ends = table.sort("a", "b").join(place, left_on="a", right_on="id", maintain_order="left")
    both = ends.join(place, left_on="b", right_on="id", suffix="_b", maintain_order="left")
    rows = both.select("node", "node_b", "similarity", "kind").iter_rows()
    pairs = [(min(a, b), max(a, b), value, kind) for a, b, value, kind in rows]
    return Graph(threshold, meaning, nodes, *edges_and_crowd(pairs), typos, numbers)
