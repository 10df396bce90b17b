import logging
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.errors import UsageError
from distill.similarity import embeddings
from distill.similarity.embeddings import alike
from distill.similarity.graph import Graph, NearText
from distill.similarity.graph_table import edge_table, read_edges

QUERIES = [
    "can you change my credit limit",
    "can you change the limit on my credit please",
    "what amount do i owe in taxes",
    "what taxes do i owe",
    "please set an alarm",
    "please set the alarm",
    "where did my suitcase go",
    "",
    " ?",
]


def test_rewordings_are_alike_and_other_questions_are_not():
    assert [pair[:2] for pair in alike(QUERIES, threshold=0.9)] == [(0, 1), (2, 3), (4, 5)]


@settings(deadline=None, max_examples=20)
@given(st.permutations(QUERIES), st.sampled_from([0.3, 0.9, 0.95]), st.integers(0, len(QUERIES)))
def test_neither_order_nor_company_changes_a_cosine(texts, threshold, less):
    """To the last digit: a block only proposes."""

    def named(some):
        return {(frozenset((some[i], some[j])), value) for i, j, value in alike(some, threshold=threshold)}

    some = texts[less:]
    assert named(some) == {(pair, value) for pair, value in named(QUERIES) if pair <= set(some)}


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 40), st.integers(0, 2**32 - 1), st.sampled_from([7, 64, 1 << 22]))
def test_the_pairs_are_those_of_all_with_all_at_any_size_of_block(count, seed, block):
    vectors = np.random.default_rng(seed).normal(size=(count, 3))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    exact = unit @ unit.T
    before, embeddings.BLOCK = embeddings.BLOCK, block
    try:
        found = alike([""] * count, threshold=0.8, embed=lambda _: vectors)
    finally:
        embeddings.BLOCK = before
    clear = {(i, j) for i in range(count) for j in range(i + 1, count) if exact[i, j] > 0.8 + 1e-6}
    maybe = {(i, j) for i in range(count) for j in range(i + 1, count) if exact[i, j] > 0.8 - 1e-6}
    assert clear <= {pair[:2] for pair in found} <= maybe
    assert all(value == pytest.approx(exact[i, j], abs=1e-6) for i, j, value in found)


def test_in_a_crowd_each_is_paired_with_the_first_64():
    found = alike([""] * 300, threshold=0.9, embed=lambda texts: np.ones((len(texts), 2)))
    assert found == [(i, j, 1.0) for i in range(300) for j in range(i + 1, 300) if i < 64]


def test_meaning_adds_edges_and_a_near_copy_goes_before_it():
    texts = [*QUERIES[:2], QUERIES[1] + "!"]
    graph = Graph.of(texts, threshold=0.85, meaning=0.9)
    assert [str(one) for one in graph.near_duplicates(texts, threshold=0.85)] == ["None", "cosine 0.94", "cosine 0.92"]
    assert str(graph.near_duplicates(texts[1:], threshold=0.85)[1]) == "similarity 0.98"
    assert graph.nearest(texts[:1], texts[1:2], threshold=0.85) == [NearText(0, 0.943495, "meaning")]
    rows = pl.DataFrame({"seed_id": list("abc"), "input": texts})
    assert read_edges(edge_table(graph, rows), rows, threshold=0.85, meaning=0.9) == graph


def test_without_the_package_the_message_says_how_to_get_it(monkeypatch):
    embeddings._model.cache_clear()
    monkeypatch.setitem(sys.modules, "wordllama", None)
    with pytest.raises(UsageError, match=r"pip install 'wordllama"):
        alike(["a", "b"], threshold=0.9)


def test_loading_it_leaves_the_log_as_it_was():
    """The package calls logging.basicConfig when it is imported."""
    code = "import logging\nfrom distill.similarity.embeddings import alike\nassert alike(['a b'], threshold=1) == []\nprint(logging.root.handlers, logging.root.level)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == f"[] {logging.WARNING}"


@pytest.mark.parametrize("threshold", [0, -1, 1.01])
def test_a_threshold_outside_its_range_is_refused(threshold):
    with pytest.raises(ValueError, match="expected a cosine above 0"):
        alike(["a text"], threshold=threshold)
