import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.similarity.graph import Graph, NearText
from distill.similarity.graph_table import edge_table, read_edges
from distill.similarity.pairs import clusters, jaccard, near_pairs, nearest, shingles
from distill.text.normalise import normalise

PIECES = ["my parcel is late again ", "where is the kettle I bought ", "refund please, it broke ", "X", " ", "…"]
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), max_size=14)
THRESHOLDS = st.sampled_from([0.5, 0.7, 0.85, 1.0])


def like(a: str, b: str) -> float:
    return jaccard(shingles(a), shingles(b))


def plainly(texts: list[str], threshold: float) -> list[tuple[int, float] | None]:
    """`near_duplicates` by its definition, all with all: each goes to the nearest before it that stays, the first of equally near."""
    found: list[tuple[int, float] | None] = []
    for j, text in enumerate(texts):
        near = [(like(text, texts[i]), -i) for i in range(j) if found[i] is None]
        value, i = max(near, default=(0.0, 0))
        found.append((-i, value) if near and value >= threshold else None)
    return found


def rows_of(texts: dict[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {"seed_id": list(texts), "input": list(texts.values())}, schema=dict.fromkeys(("seed_id", "input"), pl.String)
    )


def pairs(found: list[NearText | None]) -> list[tuple[int, float] | None]:
    return [one and (one.index, one.value) for one in found]


@settings(deadline=None, max_examples=15)  # each makes eight graphs
@given(TEXTS, TEXTS, THRESHOLDS)
def test_of_any_texts_twins_are_those_of_a_comparison_of_all_with_all(known, texts, threshold):
    """Whether the graph holds all of the texts, some or none, and whatever threshold up to theirs it was made with."""
    expected = plainly(texts, threshold)
    for held in (texts, known, [*known, *reversed(texts)], []):
        for made in (threshold, 0.5):
            assert pairs(Graph.of(held, threshold=made).near_duplicates(texts, threshold=threshold)) == expected


@settings(deadline=None, max_examples=15)  # each makes four graphs
@given(TEXTS, TEXTS, THRESHOLDS)
def test_nearest_is_the_same_with_what_the_graph_knows_and_without(texts, others, threshold):
    expected = nearest(texts, others, threshold=threshold)
    for held in ([*texts, *others], texts, others, []):
        assert pairs(Graph.of(held, threshold=0.5).nearest(texts, others, threshold=threshold)) == expected


@settings(deadline=None, max_examples=30)
@given(TEXTS, THRESHOLDS)
def test_what_goes_is_near_one_that_stays_and_no_two_that_stay_are_near(texts, threshold):
    found = Graph.of(texts, threshold=threshold).near_duplicates(texts, threshold=threshold)
    stay = [i for i, one in enumerate(found) if one is None]
    assert bool(stay) == bool(texts)
    assert all(like(texts[i], texts[j]) < threshold for i in stay for j in stay if i < j)
    for i, one in enumerate(found):
        if one is not None:
            assert one.index in stay
            assert one.index < i
            assert one.value == like(texts[i], texts[one.index]) >= threshold


def test_a_chain_of_similar_texts_keeps_its_ends():
    """a ~ b ~ c with a far from c: b alone goes."""
    a, b, c = (("abcdefghij klmnopqrst uvwxyz äöüßéèêçñå " * 2)[i : i + 36] for i in (0, 4, 8))
    assert like(a, b) >= 0.75 > like(a, c)
    assert clusters(3, near_pairs([a, b, c], threshold=0.75)) == [0, 0, 0]
    graph = Graph.of([a, b, c], threshold=0.75)
    assert [one is None for one in graph.near_duplicates([a, b, c], threshold=0.75)] == [True, False, True]


@settings(deadline=None, max_examples=20)
@given(TEXTS, THRESHOLDS)
def test_a_graph_read_from_its_table_is_the_one_that_was_written(texts, threshold):
    ids = {f"s{i:02}": text for i, text in enumerate(dict.fromkeys(map(normalise, texts)))}
    graph = Graph.of(ids.values(), threshold=threshold)
    again = read_edges(edge_table(graph, rows_of(ids)), rows_of(ids), threshold=threshold)
    assert again == graph
    rows = edge_table(graph, rows_of(ids)).rows()
    assert all(a < b and value == like(ids[a], ids[b]) for a, b, value, _ in rows)
    assert rows == sorted(rows)
    some = dict(list(ids.items())[::2])
    left = read_edges(edge_table(graph, rows_of(ids)), rows_of(some), threshold=threshold)
    assert edge_table(left, rows_of(some)).rows() == [row for row in rows if {row[0], row[1]} <= set(some)]


def form_letters(count: int, chance: random.Random) -> list[str]:
    body = " ".join("".join(chance.choices("abcdefghijklmnop", k=7)) for _ in range(25))
    return [f"{body} for {''.join(chance.choices('qrstuvwxyz', k=9))}" for _ in range(count)]


def test_of_a_crowd_one_stays_whatever_order_is_asked_about_and_whoever_is_gone():
    """The graph holds few edges of a crowd of 500, and not those to the one that is best later."""
    chance = random.Random(5)
    crowd = form_letters(500, chance)
    graph = Graph.of(crowd + ["".join(chance.choices("abcdef ", k=30)) for _ in range(20_000)], threshold=0.85)
    assert sum(map(len, graph.edges.values())) // 2 < 100 * 500
    for some in (crowd, crowd[::-1], crowd[250:], chance.sample(crowd, 350)):
        found = graph.near_duplicates(some, threshold=0.85)
        assert [one and one.index for one in found] == [None, *[0] * (len(some) - 1)]
    assert all(graph.nearest(crowd[1:], [crowd[0]], threshold=0.85))


SHORT = [
    "Set alarms for 7 am",
    "set alrms for 7 am",
    "set alarms for 8 am",
    "please set alarms for 7 am",
    "where is my kettle",
]


def test_typos_add_edges_that_a_table_keeps():
    graph = Graph.of(SHORT, threshold=0.85, typos=True)
    found = graph.near_duplicates(SHORT, threshold=0.85)
    assert [one and (one.index, one.kind) for one in found] == [None, (0, "typo"), None, (0, "typo"), None]
    assert str(found[1]).startswith("one typo apart, similarity 0.")
    assert found[1].with_limit(0.85, None) == str(found[1])
    assert not any(Graph.of(SHORT, threshold=0.85).near_duplicates(SHORT, threshold=0.85))
    ids = dict(zip("abcde", map(normalise, SHORT), strict=True))
    assert read_edges(edge_table(graph, rows_of(ids)), rows_of(ids), threshold=0.85, typos=True) == graph
    assert edge_table(graph, rows_of(ids))["kind"].to_list() == ["typo", "typo"]


@pytest.mark.parametrize("held", [SHORT, SHORT[:1], SHORT[1:], []])
def test_a_typo_is_found_whether_the_graph_holds_the_texts_or_not(held):
    graph = Graph.of(held, threshold=0.85, typos=True)
    assert [one and one.index for one in graph.near_duplicates(SHORT, threshold=0.85)] == [None, 0, None, 0, None]
    assert [one and one.index for one in graph.nearest(SHORT[1:], SHORT[:1], threshold=0.85)] == [0, None, 0, None]


def test_a_chain_of_typos_keeps_its_ends():
    texts = ["set an alarm for my flight", "set an alrm for my flight", "set an lrm for my flight"]
    assert [one is None for one in Graph.of(texts, threshold=1, typos=True).near_duplicates(texts, threshold=1)][
        0::2
    ] == [True] * 2
