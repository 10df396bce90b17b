"""Edges over blocks and band files are those of the graph that is made in memory."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate.shards import edges as near_edges
from distill.curate.shards import text_file
from distill.curate.shards.edges import KINDS, Edges, edges
from distill.similarity.graph import Graph
from distill.text.normalise import normalise

WORDS = [
    "my",
    "parcel",
    "is",
    "late",
    "please",
    "where",
    "the",
    "refund",
    "of",
    "lamp",
    "12",
    "not",
    "pasword",
    "password",
    "kettle",
]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join), max_size=25)


def found_in(texts: list[str], folder: Path, *, numbers: bool, typos: bool) -> dict[tuple[int, int], tuple[float, str]]:
    text_file.write(folder / "texts.bin", texts)
    with text_file.TextFile(folder / "texts.bin") as stored:
        found = edges(stored, folder, threshold=0.6, numbers=numbers, typos=typos)
    rows = zip(found.left.tolist(), found.right.tolist(), found.value.tolist(), found.kind.tolist(), strict=True)
    return {(left, right): (value, KINDS[kind]) for left, right, value, kind in rows}


@settings(max_examples=30)
@given(TEXTS, st.booleans(), st.booleans())
def test_they_are_those_of_the_graph(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], numbers: bool, typos: bool
) -> None:
    plain = list(dict.fromkeys(map(normalise, texts)))
    graph = Graph.of(plain, threshold=0.6, typos=typos, numbers=numbers)
    expected = {(i, j): edge for i, own in graph.edges.items() for j, edge in own.items() if i < j}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_edges, "TEXTS", 3)
        patch.setattr(near_edges, "PAIRS", 2)
        assert found_in(plain, tmp_path_factory.mktemp("bands"), numbers=numbers, typos=typos) == expected


def test_of_two_edges_between_the_same_texts_the_near_one_counts() -> None:
    near = (np.array([0, 2]), np.array([1, 3]), np.array([0.9, 0.8]))
    found = Edges.of([near], [(0, 1, 0.9), (1, 2, 0.3)])
    assert found.left.tolist() == [0, 1, 2]
    assert [KINDS[kind] for kind in found.kind.tolist()] == ["near", "typo", "near"]
    assert len(Edges.of([], [])) == 0


def test_the_files_take_as_many_bytes_as_is_said(tmp_path: Path) -> None:
    found_in([f"a text that is number {n}" for n in range(50)], tmp_path, numbers=True, typos=False)
    files = [path.stat().st_size for path in tmp_path.iterdir() if path.name.startswith(("band", "digests"))]
    assert sum(files) == near_edges.disk_bytes(50, 0.6)
