"""Text as it may be printed: without what a terminal obeys, and broken between words."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_NARROWEST = 20
"""Cells; a terminal that is narrower breaks lines as it likes."""


def plain(text: str) -> str:
    """Text without the characters that a terminal obeys."""
    return _CONTROL.sub("�", text)


def wrapped(text: str, width: int, *, hang: int = 2) -> list[str]:
    """A line as lines of at most `width` cells, broken between words; those after the first stand `hang` cells further in.

    A word that is longer, such as a path, stays whole, so that it can be copied.
    """
    from rich.cells import cell_len

    body = text.lstrip(" ")
    indent = " " * (len(text) - len(body))
    if 2 * len(text) <= width or not body:  # however wide its characters are
        return [text]
    room, lines = max(_NARROWEST, width - len(indent)), [""]
    for word in body.split(" "):
        inset = hang if len(lines) > 1 else 0
        if not lines[-1] or inset + cell_len(lines[-1]) + 1 + cell_len(word) <= room:
            lines[-1] += f" {word}" if lines[-1] else word
        else:
            lines.append(word)
    return [f"{indent}{' ' * hang if n else ''}{line.rstrip()}" for n, line in enumerate(lines)]


def cut(text: str, width: int) -> str:
    """The beginning of a text, in one line of at most so many characters, with … where there is more."""
    line = " ".join(plain(text).split())
    return line if len(line) <= width else f"{line[: width - 1]}…"
