"""The exact overlap of 4-grams, against sets of Python texts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
