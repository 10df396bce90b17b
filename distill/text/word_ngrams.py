"""Texts as runs of words, and every run of 13 of them as one number.

A word is a run of letters and digits of the normalised text; punctuation only parts words, except an apostrophe or an
underscore between two letters, which joins them. A letter of a script that writes
no spaces (Chinese, Japanese, Thai, Khmer, Lao, Burmese) stands alone and counts as half a word, so that 26 of them are as
long as 13 words. Lengths are therefore in half words: `GRAM` is 26.

Two runs of the same words have the same number. Two different ones nearly never have (64 bits): whoever decides by a
number compares the words too.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distill.text.normalise import normalise

Bools = NDArray[np.bool_]
Int64s = NDArray[np.int64]
UInt64s = NDArray[np.uint64]
GRAM = 26
SPACELESS = (
    (0x0E01, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x20000, 0x3FFFF),
)  # fmt: skip
"""Thai and Lao, Burmese, Khmer, Kana, Han: first and last code point."""
_NONE, _PART, _ALONE, _JOINT = range(4)
_JOINTS = "'’_"
_LETTER, _WORD = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
"""The bases of the sums, odd: so each has an inverse modulo 2^64, and the sum of any run is a difference of two."""


@dataclass(frozen=True, slots=True)
class WordBlock:
    """The words of several texts, one after the other; n words in all, m texts."""

    plain: list[str]
    """The normalised texts (m)."""
    owner: Int64s
    """Which text a word is of (n)."""
    begin: Int64s
    end: Int64s
    """Where in its text it stands (n)."""
    half: Int64s
    """Half words before each word, and after the last (n + 1)."""
    last: Int64s
    """The number of the word after the last one of each text (m)."""
    sums: UInt64s
    """Running sums of the words' numbers (n + 1)."""

    def lengths(self) -> Int64s:
        """Half words of each text."""
        ends = self.half[self.last]
        return np.diff(ends, prepend=np.int64(0))

    def runs(self, size: int) -> tuple[Int64s, Int64s, UInt64s]:
        """(first word, word after the last, number) of every run of at least `size` half words, as short as can be."""
        count = len(self.owner)
        if not count:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint64)
        # For each count of half words, the first word boundary that has so many before it.
        boundary = np.repeat(np.arange(count + 1), np.diff(self.half, prepend=-1))
        limit = self.half[self.last][self.owner]
        first = np.flatnonzero(self.half[:-1] + size <= limit)
        after = boundary[self.half[first] + size]
        _, inverses = _powers(_WORD, count + 1)
        return first, after, _mixed((self.sums[after] - self.sums[first]) * inverses[first])

    def within(self, first: Int64s) -> Int64s:
        """Where words of the whole block stand among those of their own text."""
        starts = np.concatenate((np.zeros(1, np.int64), self.last[:-1]))
        return first - starts[self.owner[first]]

    def text(self, first: int, after: int) -> str:
        """A run as it stands in its normalised text."""
        begin, end = int(self.begin[first]), int(self.end[after - 1])
        return self.plain[int(self.owner[first])][begin:end]

    def signed(self, first: int, after: int) -> str:
        """The same with the signs that touch its first and its last word: a minus, a currency, a percent sign."""
        plain, begin, end = self.plain[int(self.owner[first])], int(self.begin[first]), int(self.end[after - 1])
        while begin and _is_sign(plain[begin - 1]):
            begin -= 1
        while end < len(plain) and _is_sign(plain[end]):
            end += 1
        return plain[begin:end]

    def spelt(self, first: int, after: int) -> list[str]:
        """The words of a run, all joints spelt alike."""
        plain = self.plain[int(self.owner[first])]
        spans = zip(self.begin[first:after].tolist(), self.end[first:after].tolist(), strict=True)
        return [plain[begin:end].replace("’", "'").replace("_", "'") for begin, end in spans]


def words(texts: Sequence[str]) -> WordBlock:
    """The words of texts that hold a few million characters at most; their arrays take about 60 bytes a character."""
    plain = [normalise(text) for text in texts]
    codes = np.frombuffer("".join(f"{text} " for text in plain).encode("utf-32-le", "surrogatepass"), "<u4").copy()
    sizes = np.fromiter((len(text) + 1 for text in plain), np.int64, len(plain))
    kinds = _kinds()[codes]
    inside, alone = kinds == _PART, kinds == _ALONE
    joins = (kinds == _JOINT) & _before(inside) & _behind(inside)
    codes[joins] = ord(_JOINTS[0])
    inside |= joins
    begin = np.flatnonzero(alone | (inside & ~_before(inside)))
    end = np.flatnonzero(alone | (inside & ~_behind(inside))) + 1
    powers, inverses = _powers(_LETTER, len(codes) + 1)
    letters = np.concatenate((np.zeros(1, np.uint64), np.cumsum(codes * powers[: len(codes)], dtype=np.uint64)))
    numbers = _mixed((letters[end] - letters[begin]) * inverses[begin])
    powers, _ = _powers(_WORD, len(begin) + 1)
    ends = np.cumsum(sizes)
    owner = np.searchsorted(ends, begin, side="right")
    starts = ends - sizes
    return WordBlock(
        plain=plain,
        owner=owner,
        begin=begin - starts[owner],
        end=end - starts[owner],
        half=np.concatenate((np.zeros(1, np.int64), np.cumsum(np.where(alone[begin], 1, 2)))),
        last=np.searchsorted(begin, ends),
        sums=np.concatenate((np.zeros(1, np.uint64), np.cumsum(numbers * powers[: len(begin)], dtype=np.uint64))),
    )


def _before(marks: Bools) -> Bools:
    """Of each place, the mark of the one before it."""
    return np.concatenate(([False], marks[:-1]))


def _behind(marks: Bools) -> Bools:
    return np.concatenate((marks[1:], [False]))


def _is_sign(letter: str) -> bool:
    return letter in "-*/%‰" or unicodedata.category(letter)[0] == "S"


@functools.cache
def _kinds() -> NDArray[np.uint8]:
    """What each code point is: no part of a word, part of one, a word by itself, or what can join two parts."""
    # Bools that are written onto a letter, as in Hindi, belong to its word.
    known = [c.isalnum() or unicodedata.category(c)[0] == "M" for c in map(chr, range(0x40000))]
    kinds = np.zeros(0x110000, np.uint8)
    kinds[: len(known)][known] = _PART
    for first, final in SPACELESS:
        kinds[first : final + 1][kinds[first : final + 1] == _PART] = _ALONE
    kinds[list(map(ord, _JOINTS))] = _JOINT
    return kinds


@functools.lru_cache(maxsize=4)
def _table(base: int, size: int) -> tuple[UInt64s, UInt64s]:
    both = []
    for factor in (base, pow(base, -1, 1 << 64)):
        steps = np.full(size, factor, np.uint64)
        steps[0] = 1
        both.append(np.multiply.accumulate(steps))
    return both[0], both[1]


def _powers(base: int, count: int) -> tuple[UInt64s, UInt64s]:
    """The first powers of `base` modulo 2^64, at least `count`, and their inverses."""
    return _table(base, 1 << max(16, count.bit_length()))


def _mixed(numbers: UInt64s) -> UInt64s:
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))
