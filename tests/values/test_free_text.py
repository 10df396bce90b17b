"""Which texts are free."""

from __future__ import annotations

import pytest

from distill.values.free_text import free, label_like

MAILS = [f"Dear Bo, your {word} is on its way to you." for word in ("lamp", "kettle", "chair", "box")]


@pytest.mark.parametrize(
    ("texts", "inputs", "is_free"),
    [
        (MAILS, (), True),
        (["technical", "billing", "technical", "other"], (), False),
        (["Wants a refund.", "Wants a repair."], (), False),
        (["We are sorry, we cannot help you with this."] * 4, (), False),
        (["def f():\n    return 1"] * 4, (), True),
        (["12 Main Street, Springfield, IL 62704"], ["I live at 12 Main Street, Springfield, IL 62704."], False),
        (["12 Main Street, Springfield, IL 62704"], ["I moved."], True),
        (["お問い合わせの件につきましては担当者より連絡します"], (), True),
        ([], (), False),
    ],
)
def test_long_texts_that_differ_and_are_no_copies_are_free(texts: list[str], inputs: list[str], is_free: bool) -> None:
    assert free(texts, inputs) is is_free


def test_a_name_is_a_few_words_on_one_line() -> None:
    assert label_like("out of stock")
    assert not label_like("open the lid and wait")
    assert not label_like("a\nb")
