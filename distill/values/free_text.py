"""Which texts are free: many wordings of them are right, so that no two of them are compared letter by letter."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from distill.text.normalise import normalise

_WORDS = 5
"""A text of so many words is long, or one of so many characters."""
_CHARS = 60
_LABEL = 3


def words(text: str) -> int:
    """Words of a text; in scripts without spaces two letters are about one."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text[: 4 * _CHARS])
    return len(text[: 100 * _CHARS].split()) + wide // 2


def label_like(text: str) -> bool:
    """Whether a text can be the name of something: a few words on one line."""
    return len(text) <= _CHARS and "\n" not in text.strip() and words(text) <= _LABEL


def long(text: str) -> bool:
    """Whether a text by itself looks like a sentence."""
    return len(text) > _CHARS or "\n" in text.strip() or words(text) >= _WORDS


def free(texts: Sequence[str], inputs: Sequence[str] = ()) -> bool:
    """Whether the texts of a field are free: most of them long, and most not taken from their input.

    Sentences of one line of which each comes twice or more on average are labels that are long.
    """
    if not texts or 2 * sum(map(long, texts)) <= len(texts):
        return False
    plain = [normalise(text) for text in texts]
    lines = 2 * sum("\n" in text.strip() for text in texts) <= len(texts)
    if lines and len(texts) > 1 and 2 * len(set(plain)) <= len(plain):
        return False
    copied = sum(text in normalise(given) for text, given in zip(plain, inputs, strict=False))
    return 2 * copied <= len(plain)
