"""Likeness of texts: the values of the reference implementations, and what no text may do to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.values.likeness import LONGEST, TEXT_METRICS, likeness

PAIRS = {
    ("the cat sat down", "the cat sat"): (0.660176, 0.716531, 0.857143),
    ("We are sorry that your lamp broke.", "Sorry, your lamp is broken; we are on it."): (0.431234, 0.080545, 0.375),
    ("police killed the gunman", "police kill the gunman"): (0.762404, 0.353553, 0.75),
}
"""Texts → chrF and BLEU of sacreBLEU 2.6.0, ROUGE-L of rouge-score 0.1.2, a hundredth of each."""


@pytest.mark.parametrize(("texts", "values"), PAIRS.items())
def test_values_are_those_of_the_reference_implementations(texts: tuple[str, str], values: tuple[float, ...]) -> None:
    found = [likeness(metric, *texts) for metric in ("chrf", "bleu", "rouge_l")]
    assert found == pytest.approx(values, abs=1e-6)


def test_words_of_any_script_count() -> None:
    """rouge-score's own words are a to z alone, so that these texts have none."""
    assert likeness("rouge_l", "Größe ändern", "Größe") == pytest.approx(2 / 3)
    assert likeness("rouge_l", "お問い合わせの件", "お問い合わせの品") == pytest.approx(7 / 8)
    assert likeness("bleu", "お問い合わせの件", "お問い合わせの品") > 0.5
    assert likeness("rouge_l", "Привет мир", "привет, мир!") == 1


def test_an_embedding_sees_the_subject_where_no_word_is_shared() -> None:
    pytest.importorskip("wordllama")
    near = likeness("embedding", "The parcel has not arrived.", "My package is still missing.")
    far = likeness("embedding", "The parcel has not arrived.", "Bananas are rich in potassium.")
    assert near > far + 0.2
    assert likeness("chrf", "The parcel has not arrived.", "My package is still missing.") < 0.3


@pytest.mark.parametrize("metric", TEXT_METRICS)
def test_equal_texts_are_1_and_an_empty_one_is_0(metric: str) -> None:
    if metric == "embedding":
        pytest.importorskip("wordllama")
    assert likeness(metric, "caf\u00e9 ", "cafe\u0301") == 1
    assert likeness(metric, "some text", "") == 0
    assert likeness(metric, "", "some text") == 0
    assert likeness(metric, "", " ") == 1


@given(st.text(), st.text())
def test_any_two_texts_have_a_likeness(left: str, right: str) -> None:
    for metric in ("chrf", "bleu", "rouge_l"):
        assert 0 <= likeness(metric, left, right) <= 1


def test_long_texts_are_compared_in_bounded_time() -> None:
    text = "word " * 200_000
    assert likeness("rouge_l", text, text + "more") == 1  # beyond what is looked at
    assert likeness("rouge_l", "a b " * LONGEST, "b a " * LONGEST) > 0.9
