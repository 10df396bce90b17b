"""The exact overlap of 4-grams, against sets of Python texts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.similarity.jaccard import gram_sets, overlaps

LETTERS = st.text(st.sampled_from("abé漢𝄞 "), min_size=4, max_size=30)


def grams(text: str) -> set[str]:
    return {text[i : i + 4] for i in range(len(text) - 3)}


@settings(max_examples=60, deadline=None)
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
