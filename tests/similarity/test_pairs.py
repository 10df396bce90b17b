import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.similarity.pairs import clusters, jaccard, near_pairs, nearest, shingles
from distill.text.normalise import normalise

# Short pieces in few combinations, so that near copies, equal texts and blank ones all come up.
PIECES = [
    "my parcel is late again ",
    "where is the kettle I bought ",
    "refund please, it broke ",
    "X",
    " ",
    "…",
]
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), max_size=14)
THRESHOLDS = st.sampled_from([0.5, 0.7, 0.85, 1.0])


def like(a: str, b: str) -> float:
    return jaccard(shingles(a), shingles(b))


@settings(deadline=None, max_examples=30)
@given(TEXTS, THRESHOLDS)
def test_pairs_are_true_and_their_clusters_are_those_of_a_comparison_of_all_with_all(texts, threshold):
    pairs = near_pairs(texts, threshold=threshold)
    n = len(texts)
    brute = [(i, j, like(texts[i], texts[j])) for j in range(n) for i in range(j)]
    assert all(i < j and value == like(texts[i], texts[j]) >= threshold for i, j, value in pairs)
    assert clusters(n, pairs) == clusters(n, [pair for pair in brute if pair[2] >= threshold])


@settings(deadline=None, max_examples=20)
@given(TEXTS, TEXTS, THRESHOLDS)
def test_nearest_names_the_best_match_of_the_other_side(texts, others, threshold):
    for text, found in zip(texts, nearest(texts, others, threshold=threshold), strict=True):
        best = max((like(text, other) for other in others), default=0.0)
        if found is None:
            assert best < threshold
        else:
            assert found[1] == best == like(text, others[found[0]])


def test_blank_texts_match_only_each_other():
    """An empty sketch equals every empty sketch: without care all short texts would be one."""
    assert near_pairs(["", "  ", "?", "!", "hi", "Hi", "a b"], threshold=0.5) == [(0, 1, 1.0), (4, 5, 1.0)]


def test_texts_in_scripts_without_spaces_are_told_apart():
    texts = [
        "我的包裹还没有到，请问在哪里？",
        "这个水壶坏了，我想要退款。",
        "我的包裹还没有到，请问在哪里呢？",
    ]
    assert [pair[:2] for pair in near_pairs(texts, threshold=0.6)] == [(0, 2)]


def test_a_thousand_copies_cost_a_thousand_pairs():
    assert len(near_pairs(["the same old text"] * 1000, threshold=0.85)) == 999


@pytest.mark.parametrize("threshold", [0, -1, 1.01])
def test_a_threshold_outside_its_range_is_refused(threshold):
    with pytest.raises(ValueError, match="expected a similarity above 0"):
        near_pairs(["a text"], threshold=threshold)


def test_importing_it_does_not_load_the_heavy_libraries():
    code = "import sys, distill.similarity.pairs; sys.exit(bool({'datasketch', 'scipy', 'polars'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_shingles_of_a_short_text_are_the_whole_of_it():
    assert shingles(" Ab ") == {normalise("ab")}
    assert not shingles(" \n")


# Every kind of character that a text can have: plain, accented in two spellings, CJK, emoji, halves of emoji.
KINDS = st.sampled_from(["a", "b", " ", "É", "e\u0301", "ß", "我", "水", "\uffff", "👍", "👎", "\U00010041", "\ud83d"])
UNICODE = st.lists(st.lists(KINDS, max_size=12).map("".join), max_size=12)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(UNICODE, st.floats(0.2, 1.0))
def test_the_pairs_are_those_of_a_comparison_of_all_with_all_in_any_script(texts, threshold):
    different = list({normalise(text): text for text in texts}.values())
    brute = [(i, j, like(different[i], different[j])) for i in range(len(different)) for j in range(i)]
    near = sorted((j, i, value) for i, j, value in brute if value >= threshold)
    assert near_pairs(different, threshold=threshold) == near


@settings(deadline=None, max_examples=25, derandomize=True)
@given(UNICODE, st.randoms(use_true_random=False))
def test_the_order_of_the_texts_changes_no_pair(texts, chance):
    different = list({normalise(text): text for text in texts}.values())
    mixed = chance.sample(different, len(different))

    def named(rows: list[str]) -> set[tuple[frozenset[str], float]]:
        return {(frozenset((rows[i], rows[j])), value) for i, j, value in near_pairs(rows, threshold=0.5)}

    assert named(different) == named(mixed)


def test_a_text_is_nearest_to_its_equal_even_when_too_short_for_shingles():
    others = ["abcabcabc", "HI", "", "hi", "abcabcabcabc"]
    found = nearest(["hi", "abcabcabcabc", " ", "ho"], others, threshold=0.5)
    assert found == [(1, 1.0), (0, 1.0), (2, 1.0), None]
