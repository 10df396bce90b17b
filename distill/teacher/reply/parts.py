"""The parts that a text of a model is taken apart into."""

from __future__ import annotations

from typing import NamedTuple


class TextParts(NamedTuple):
    """A text's thinking, its answer, and calls of tools that its channels made."""

    reasoning: str
    text: str
    calls: tuple[tuple[str, str], ...] = ()
