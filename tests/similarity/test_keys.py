import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from distill.similarity.keys import Spellings, first_of_equal, keys_of
from distill.text.normalise import normalise

TEXTS = st.lists(
    st.sampled_from(["a", "A ", " b", "b", "é", "e\u0301", "", "c c", "c  C"]) | st.text(max_size=3), max_size=20
)


@given(TEXTS, TEXTS)
def test_each_text_is_found_where_the_first_of_its_spelling_stands(texts, asked):
    plain = list(dict.fromkeys(map(normalise, texts)))
    held = Spellings.of(keys_of(texts))
    assert len(held) == len(plain)
    expected = [plain.index(normalise(text)) if normalise(text) in plain else -1 for text in asked]
    assert held.find(keys_of(asked)).tolist() == expected


@given(TEXTS)
def test_the_first_of_equal_texts_is_the_first_in_the_list(texts):
    plain = [normalise(text) for text in texts]
    assert first_of_equal(keys_of(texts)).tolist() == [plain.index(text) for text in plain]


def test_a_spelling_that_ends_in_zeros_is_as_good_as_any():
    """One in 256 does, and numpy cuts them off each key that is taken out by itself."""
    texts = [f"text {n}" for n in range(2000)]
    held = Spellings.of(keys_of(texts))
    assert any(len(key) < 16 for key in held.keys.tolist())
    assert np.array_equal(held.find(keys_of(texts)), np.arange(2000))
