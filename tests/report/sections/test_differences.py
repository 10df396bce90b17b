"""What differs between two texts, word by word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.report.sections.differences import differing


def marked(text: str, other: str) -> list[str]:
    return [part.text for part in differing(text, other) if part.differs]


@pytest.mark.parametrize(
    ("text", "other", "found"),
    [
        ("send it back", "send it on", ["back"]),
        ('{"intent": "other"}', '{"intent": "billing"}', ["other"]),
        ("the same", "the same", []),
        ("return", "other", ["return"]),
        ("alone", "", []),
        ("", "alone", []),
        ("a b c", "a c", ["b "]),
        ("a c", "a b c", []),
    ],
)
def test_the_words_that_the_other_has_not_are_marked(text: str, other: str, found: list[str]) -> None:
    assert marked(text, other) == found


def test_long_texts_with_next_to_nothing_in_common_are_not_marked() -> None:
    one, two = (" ".join(f"{letter}{i}" for i in range(60)) for letter in "xy")
    assert marked(one.replace(" ", ""), two.replace(" ", "")) == [one.replace(" ", "")]
    assert marked(one.replace(" ", "-"), two.replace(" ", "+")) == []


def test_what_comes_after_the_words_that_are_compared_is_kept() -> None:
    text = "word " * 3000
    assert "".join(part.text for part in differing(text, text + "more")) == text


@given(st.text(max_size=300), st.text(max_size=300))
def test_the_parts_are_the_text(text: str, other: str) -> None:
    assert "".join(part.text for part in differing(text, other)) == text
