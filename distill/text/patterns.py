"""Regular expressions that people write, matched against texts that they did not: each match has a time limit.

A pattern with a repeat inside a repeat can take years on one short text. Python's `re` cannot be stopped in it; the
`regex` package takes the same syntax and a limit. `TooSlow` is raised past it: neither a match nor a mismatch. A pattern that
is stopped again and again is given up (`Patience`): a limit for each of many texts is hours for all of them.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from distill.errors import UsageError

LIMIT_S = 0.5
"""For one pattern on one text; an ordinary match takes millionths of a second."""
MOST_STOPPED = 5
"""Texts that a pattern is stopped on before it is given up."""
_REWRITE = "write it without a repeat inside a repeat"


class TooSlow(TimeoutError):
    """A pattern did not finish on a text."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        super().__init__(f"the pattern {pattern!r} takes over {LIMIT_S:g} s on this text; {_REWRITE}")


class GivenUp(UsageError):
    """A pattern was stopped too often: what it was to judge is judged by nobody, and stays as it is."""


@dataclass(slots=True)
class Patience:
    """How often each pattern of `place` was stopped; `advice` is what else can be done about one."""

    place: str
    advice: str
    _stopped: Counter[str] = field(default_factory=Counter)

    def note(self, slow: TooSlow) -> None:
        """Count one more text; GivenUp where they are `MOST_STOPPED`."""
        self._stopped[slow.pattern] += 1
        if self._stopped[slow.pattern] >= MOST_STOPPED:
            raise GivenUp(
                f"{self.place}: the pattern {slow.pattern!r} was stopped on {MOST_STOPPED} texts, after {LIMIT_S:g} s on each, "
                f"and is given up; {_REWRITE}{self.advice}"
            )


def fault(pattern: str) -> str:
    """Why this is no regular expression; nothing where it is one."""
    import regex

    try:
        _compiled(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        return str(error) or type(error).__name__
    return ""


@functools.lru_cache(maxsize=256)
def endless(pattern: str, *, whole: bool) -> str:
    """What is wrong with a pattern that does not end on some short text made of its own letters; nothing where it does.

    It finds the usual slips and not all: the limit for each text is there for the others. `whole` as `matches_whole`.
    """
    for text in _probes(pattern):
        try:
            matches_whole(pattern, text) if whole else occurs(pattern, text)
        except TooSlow:
            return f"it does not end on texts such as {text[:24]!r}…; {_REWRITE}, say (ab)+ and not ((ab)+)+"
    return ""


_BEGINS = re.compile(r"\^?((?:[\w \":,-](?![*+?{]))*)")
_LETTERS = re.compile(r"\\.|([^\W_])")


def _probes(pattern: str) -> Iterator[str]:
    """Short texts that repeat letters of the pattern and end in what it may not expect, behind the words it begins with."""
    begins = _BEGINS.match(pattern)
    own = list(dict.fromkeys(letter for letter in _LETTERS.findall(pattern) if letter))[:6]
    needed = "".join(own)  # `regex` fails at once where a letter that the pattern needs is not in the text
    units = [*own, "a", "0", " ", *map("".join, product(own, own))]
    for head in dict.fromkeys(("", begins[1] if begins else "")):
        for unit, end in product(dict.fromkeys(units), ("!", f"!{needed}", f"{needed}!")):
            yield head + unit * (48 // len(unit)) + end


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
