import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from distill.executors.components import contracted, stars
from distill.similarity.pairs import clusters

NODES = 40
edges = st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)), max_size=80)


def of(pairs):
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    return stars(ends[:, 0], ends[:, 1])


def roots(found):
    named = dict(zip(*(ends.tolist() for ends in found), strict=True))
    return [named.get(node, node) for node in range(NODES)]


@given(edges)
def test_the_smallest_node_of_a_chain_is_its_root(pairs):
    assert roots(of(pairs)) == clusters(NODES, [(a, b, 1.0) for a, b in pairs])


@given(edges, st.lists(st.integers(0, 4), min_size=80, max_size=80))
def test_stars_of_parts_come_to_the_components_of_the_whole(pairs, partition):
    """However the edges are dealt to partitions, and in whatever order these are put together."""
    parts = [of([pair for pair, part in zip(pairs, partition, strict=False) if part == number]) for number in range(5)]
    assert roots(contracted(parts)) == roots(of(pairs))
    assert roots(contracted(parts[::-1])) == roots(of(pairs))


def test_no_edges_are_no_stars():
    assert [len(ends) for ends in contracted([])] == [0, 0]
    assert [len(ends) for ends in of([])] == [0, 0]
