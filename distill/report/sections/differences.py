"""What differs between two texts, word by word, so that a page can mark it.

    differing("send it back", "send it on")   →  "send it " as in the other, "back" not

Two long texts with next to nothing in common are not marked at all: a page full of marks shows nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

_PART = re.compile(r"\w+|\s+|[^\w\s]")
_LONGEST = 600
"""Words, spaces and signs of a text that are compared; what follows is left unmarked, for the comparison is quadratic."""
_SHORT = 40
_ALIKE = 0.25


@dataclass(frozen=True, slots=True)
class TextPart:
    """A piece of a text, and whether the other text has it not in this place."""

    text: str
    differs: bool


def differing(text: str, other: str) -> list[TextPart]:
    """The parts of `text` in order; together they are the text."""
    if text == other or not other:
        return [TextPart(text, differs=False)]
    words, others = _PART.findall(text)[:_LONGEST], _PART.findall(other)[:_LONGEST]
    match = SequenceMatcher(None, words, others, autojunk=False)
    if max(len(words), len(others)) > _SHORT and match.ratio() < _ALIKE:
        return [TextPart(text, differs=False)]
    parts = [
        TextPart("".join(words[start:end]), differs=kind != "equal")
        for kind, start, end, _, _ in match.get_opcodes()
        if end > start
    ]
    rest = text[sum(len(part.text) for part in parts) :]
    return [*parts, TextPart(rest, differs=False)] if rest else parts
