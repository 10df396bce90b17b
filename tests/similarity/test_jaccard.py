"""The exact overlap of 4-grams, against sets of Python texts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.similarity import jaccard
from distill.similarity.jaccard import gram_sets, nearest, overlaps

LETTERS = st.text(st.sampled_from("abé漢𝄞 "), min_size=4, max_size=30)


def grams(text: str) -> set[str]:
    return {text[i : i + 4] for i in range(len(text) - 3)}


@settings(max_examples=30, deadline=None)
@given(st.lists(LETTERS, min_size=2, max_size=6))
def test_overlap_is_that_of_the_sets(texts: list[str]) -> None:
    pairs = [(i, j) for i in range(len(texts)) for j in range(i + 1, len(texts))]
    left, right = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    expected = [len(grams(texts[i]) & grams(texts[j])) / len(grams(texts[i]) | grams(texts[j])) for i, j in pairs]
    assert list(overlaps(texts, left, right)) == pytest.approx(expected)


MANY = st.text(st.sampled_from("".join(map(chr, range(0x61, 0xA1))) + "漢字𝄞\ud83d"), min_size=4, max_size=40)


@settings(max_examples=30, deadline=None)
@given(st.lists(MANY, min_size=2, max_size=6))
def test_overlap_is_that_of_the_sets_where_more_characters_than_have_a_place_of_their_own_are_mixed(
    texts: list[str],
) -> None:
    texts = [*texts, texts[0][::-1], texts[0] + texts[1]]
    pairs = [(i, j) for i in range(len(texts)) for j in range(i + 1, len(texts))]
    left, right = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    expected = [len(grams(texts[i]) & grams(texts[j])) / len(grams(texts[i]) | grams(texts[j])) for i, j in pairs]
    assert overlaps(texts, left, right).tolist() == expected


def test_pairs_of_many_blocks_have_the_overlaps_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever texts stand together in a block, and so have numbers together."""
    texts = [f"{'the same old letter ' * 3}{chr(0x61 + i)}{chr(0x4E00 + i) * 5}" for i in range(40)]
    left, right = np.triu_indices(len(texts), 1)
    whole = overlaps(texts, left, right)
    monkeypatch.setattr(jaccard, "BLOCK", 500)
    assert overlaps(texts, left, right).tolist() == whole.tolist()


def test_more_rare_grams_than_a_table_holds_have_a_number_each() -> None:
    """Codes whose place is taken go into the next table, and are found there again."""
    codes = np.arange(3 << 19, dtype=np.uint64) << np.uint64(20)
    numbers = jaccard.Numbers(7)
    given_ = numbers.of(codes)
    assert len(np.unique(given_)) == len(codes)
    assert given_.min() >= 7
    assert (numbers.of(codes[::-1]) == given_[::-1]).all()


def test_more_letters_than_sixteen_bits_hold() -> None:
    """Then a 4-gram is two numbers of two characters each, and still nobody's but its own."""
    every = "".join(chr(c) for c in range(0x100, 0x12000) if not 0xD800 <= c < 0xE000)
    one, other = gram_sets([every, every[1:]])
    assert (len(one), len(other), len(np.intersect1d(one, other))) == (len(every) - 3, len(every) - 4, len(every) - 4)


@settings(max_examples=30, deadline=None)
@given(st.lists(LETTERS, min_size=1, max_size=8), LETTERS)
def test_the_nearest_are_those_of_the_largest_overlap_and_of_equals_the_first(texts: list[str], query: str) -> None:
    share = [len(grams(query) & grams(text)) / len(grams(query) | grams(text)) for text in texts]
    expected = sorted(range(len(texts)), key=lambda place: (-share[place], place))[:3]
    assert nearest([query, "abab"], texts, 3)[0] == expected


def test_texts_shorter_than_a_gram_and_no_texts_have_their_place_too() -> None:
    assert nearest(["a"], ["b", "a"], 1) == [[1]]
    assert nearest(["a"], [], 2) == [[]]
