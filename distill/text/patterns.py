"""Regular expressions that people write, matched against texts that they did not: each match has a time limit.

A pattern with a repeat inside a repeat can take years on one short text. Python's `re` cannot be stopped in it; the
`regex` package takes the same syntax and a limit. `TooSlow` is raised past it: neither a match nor a mismatch.
"""

from __future__ import annotations

import functools
from typing import Any

LIMIT_S = 0.5
"""For one pattern on one text; an ordinary match takes millionths of a second."""


class TooSlow(TimeoutError):
    """A pattern did not finish on a text."""

    def __init__(self, pattern: str) -> None:
        super().__init__(
            f"the pattern {pattern!r} takes over {LIMIT_S:g} s on this text; write it without a repeat inside a repeat"
        )


def fault(pattern: str) -> str:
    """Why this is no regular expression; nothing where it is one."""
    import regex

    try:
        _compiled(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        return str(error) or type(error).__name__
    return ""


def matches_whole(pattern: str, text: str) -> bool:
    """Whether the pattern matches the text from end to end; a dot matches a line break as well. `TooSlow` past the limit."""
    try:
        return _compiled(pattern).fullmatch(text, timeout=LIMIT_S) is not None
    except TimeoutError:
        raise TooSlow(pattern) from None


def occurs(pattern: str, text: str) -> bool:
    """Whether the pattern matches somewhere in the text, as JSON Schema's `pattern` means it. `TooSlow` past the limit."""
    try:
        return _compiled(pattern, dot_all=False).search(text, timeout=LIMIT_S) is not None
    except TimeoutError:
        raise TooSlow(pattern) from None


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str, *, dot_all: bool = True) -> Any:
    import regex

    return regex.compile(pattern, regex.DOTALL if dot_all else 0)
