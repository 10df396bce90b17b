"""What makes two texts different however alike they are: their numbers and their negations.

    "Which element has the atomic number 5?"  ("5",)           "Refund order A-113, not 12.50 €"  ("a113", "not", "12.5 €")

`marks` gives them in their order, each in one spelling: 1,000 is 1000, 12.50 is 12.5 (but version 2.10 is not version 2.1), "three" is 3,
24h is 24 hours, $5 is 5 USD, and a minus counts; what holds letters and digits is a code and stays whole. Leading zeros stay, and so
does everything that is no plain number: dates, times, addresses, numbers with several dots. Months, days of the week, and units beside a
number count as the number does. All negations are one: "not", "can't" and "unable" say the same here. The words are those of
`distill.similarity.decisive_words`.

Two texts with different marks are never near-duplicates, by letters, a typo or meaning. Where marks are wrong, two copies are at worst taken for two texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

import numpy as np

from distill.similarity.arrays import UInt64s
from distill.similarity.decisive_words import BEFORE, BESIDE, DECIDES, INSIDE, NAMING, NOT, NUMERALS, PER, VALUES

DecisiveMarks = tuple[str, ...]
_Kind = Literal["idle", "words", "number", "negation", "sign", "held"]
"""How a word is read; one that is idle says nothing."""

_DIGIT = re.compile(r"\d")
_SPLIT = re.compile(r"[^\w']+|_")
_EDGES = ".,;:!?…。，、！？()[]{}\"'*_~|/\\#&"
_NO_SPACES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_HELD = re.compile(f"[{_NO_SPACES}]")
_IN_HELD = re.compile(
    rf"[^\s{_NO_SPACES}]*\d[^\s{_NO_SPACES}]*[{_NO_SPACES}]?|[{NUMERALS}]+[{_NO_SPACES}]?|{'|'.join(INSIDE)}"
)
_MONEY = r"(?:[a-z]{0,3}[$€£¥₹₽₩])"
_NUMBER = re.compile(rf"([-<>=≤≥]*)({_MONEY}?)([-]?)(\d+(?:[.,':/]\d+)*|\.\d+)-?((?:[a-z°%‰µ]+|{_MONEY})?)([+]?)")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|[1-9]\d{0,2}(?:'\d{3})+(?:\.\d+)?")
_HYPHEN = re.compile(r"(?<=[^\W\d])-(?=\d)|(?<=\d)-(?=[^\W\d])")
_DECIMAL = re.compile(r"(\d+)[.,](\d+)")
_UNITS_TOO = frozenset({"second", "cent", "mai", "hier"})
"""Words that say one thing behind a number, and another elsewhere."""
_ORDINAL = frozenset({"st", "nd", "rd", "th"})
_BETWEEN, _COMPARES = frozenset("+-*/×÷^x"), frozenset({"<", ">", "=", "≤", "≥", "<=", ">="})
_LETTERS = "bcdefghjklmnopqrstuvwxyz"
_KNOWN = frozenset((*DECIDES, *BESIDE, *_LETTERS))
_SIGNS = "|".join(sorted((word for word in (*DECIDES, *_LETTERS, *PER) if word.isascii()), key=len, reverse=True))
_WORTH_READING = rf"[0-9]|n'|(?:^|[^a-z])(?:{_SIGNS})(?:[^a-z]|$)"


def marks(text: str) -> DecisiveMarks:
    """The numbers and negations of a normalised text, in their order."""
    reading, spaced = _Reading(text.split()), text.isascii() or _HELD.search(text) is None
    words = reading.words
    if not spaced:
        for at, word in enumerate(words):
            reading.read(at, word, *_analysed(word))
        return tuple(reading.found)
    # All others, which are most, say nothing.
    for at in [at for at, word in enumerate(words) if word in _KNOWN or not word.isalpha()]:
        kind, parts = _analysed(words[at])
        if kind != "idle":
            reading.read(at, words[at], kind, parts)
    return tuple(reading.found)


def numbers(texts: Iterable[str], *, ordered: bool = True) -> UInt64s:
    """Of each normalised text a number that stands for its marks, 0 for none; not `ordered`, also for them in any other order."""
    every = list(texts)
    read = set(_worth_reading(every))
    found = (marks(text) if at in read else () for at, text in enumerate(every))
    return np.fromiter((_number(some if ordered else tuple(sorted(some))) for some in found), np.uint64)


def mistaken(word: str, right: str) -> bool | None:
    """Whether a word can be `right` mistyped as far as marks go; None where neither of them is one.

    A word that is none can be a number's typo ("fourty"); a negation is never mistyped, for "now" is not "not".
    """
    one, other = (DECIDES.get(each) or BESIDE.get(each) for each in (word, right))
    if one is None and other is None:
        return None
    return one == other or (one is None and other != NOT)


def _worth_reading(texts: Sequence[str]) -> list[int]:
    """The places of texts that may have marks; most have none, and are seen through many times as fast as they are read."""
    import polars as pl

    plain = [at for at, text in enumerate(texts) if text.isascii()]
    hits = pl.Series(plain, dtype=pl.UInt32).filter(
        pl.Series([texts[at] for at in plain], dtype=pl.String).str.contains(_WORTH_READING)
    )
    return [*hits.to_list(), *(at for at, text in enumerate(texts) if not text.isascii())]


def _number(some: DecisiveMarks) -> int:
    if not some:
        return 0
    return int.from_bytes(blake2b("\n".join(some).encode("utf-8", "surrogatepass"), digest_size=8).digest()) | 1


@lru_cache(maxsize=1 << 17)  # 55,000 manuals have some 115,000 such words
def _analysed(word: str) -> tuple[_Kind, tuple[str, ...]]:
    """(how a word is read, its parts that may say something); most words come again and again."""
    if word.isalpha() and word.isascii():
        return ("words", (word,)) if word in _KNOWN else ("idle", ())
    if not word.isascii() and _HELD.search(word):
        return "held", ()
    if _DIGIT.search(word):
        return "number", ()
    bare = word.strip(_EDGES)
    if not bare.isalpha() and (bare.endswith("n't") or bare.startswith("n'")):
        return "negation", (bare,)
    parts = _parts(bare)
    if word in _COMPARES or word in _BETWEEN:
        return "sign", parts
    return "words" if parts else "idle", parts


def _parts(bare: str) -> tuple[str, ...]:
    """The parts of a word that may say something: a word with signs within it, or of other letters than English ones."""
    if bare.isalpha():
        return (bare,) if bare in _KNOWN else ()
    if (plain := bare.replace(".", "")) in BESIDE:
        return (plain,)
    parts = _SPLIT.split(bare)
    if _KNOWN.isdisjoint(parts) and 1 not in map(len, parts):
        return ()
    return tuple(part for part in parts if part in _KNOWN or len(part) == 1)


@lru_cache(maxsize=1 << 16)
def _as_number(word: str, named: bool) -> tuple[str, str]:
    """(a word with digits without what stands around it, what it says); `named` as in `_value`."""
    if word.isdecimal() and word.isascii():
        return word, word
    bare = word.strip(_EDGES[1:]).rstrip(f"{_EDGES}-=<>") or word
    parsed = _NUMBER.fullmatch(bare)
    if parsed is None:
        return bare, _code(bare)
    compared, money, minus, digits, unit, more = parsed.groups()
    said = f"{compared}{minus}{_value(_digits(digits), named=named)}{more}"
    unit = "" if unit in _ORDINAL else unit or money
    return bare, f"{said} {BESIDE.get(unit, unit)}" if unit else said


@dataclass(slots=True)
class _Reading:
    """The words of a text, and what was found up to one of them."""

    words: Sequence[str]
    found: list[str] = field(default_factory=list)
    number_at: int = -2
    """The place of the last word that is a number,"""
    pending: tuple[int, str] = (-2, "")
    """and of the last that may belong to one behind it."""
    negated: tuple[int, str] = (-2, "")
    named: bool | None = None
    """Whether a word says that something is named by a number; None until a number asks."""

    def read(self, at: int, word: str, kind: _Kind, parts: Sequence[str]) -> None:
        """Read the word at a place, as it was `_analysed`."""
        if kind == "number":
            self._numeral(at, word)
        elif kind == "negation":
            self._negation(at, parts[0])
        elif kind == "held":
            self._held(at, word)
        elif kind == "sign" and (word in _COMPARES or self.number_at == at - 1):
            if at + 1 < len(self.words) and _DIGIT.search(self.words[at + 1]):
                self.found.append(word)
        elif kind == "idle":
            if len(bare := word.strip(_EDGES)) == 1:  # the name of something may be any letter
                self._word(at, bare)
        else:
            for part in parts:
                self._word(at, part)

    def _held(self, at: int, word: str) -> None:
        """A word of a script that writes no spaces, or has particles within its words: numbers go with the letter behind them."""
        if word in DECIDES:
            self._word(at, word)
            return
        for piece in _IN_HELD.findall(word):
            if _DIGIT.search(piece):
                self._numeral(at, piece)
            else:
                self.found.append(NOT if piece in INSIDE else piece)

    def _word(self, at: int, word: str) -> None:
        said = DECIDES.get(word)
        if self.number_at == at - 1 and (unit := BESIDE.get(word)) and (said in (None, unit) or word in _UNITS_TOO):
            self.found[-1] += f" {unit}"
            return
        if said == NOT:
            self._negation(at, word)
        elif said is not None:
            self._add(at, said) if word in VALUES else self.found.append(said)
        elif word in BEFORE:
            self.pending = at, BESIDE[word]
        elif at and (word in BESIDE if (before := self.words[at - 1]) in PER else len(word) == 1 and before in NAMING):
            self.found.append(BESIDE.get(word, word))

    def _negation(self, at: int, word: str) -> None:
        if self.negated != (at - 1, word):  # one that is typed twice is one
            self.found.append(NOT)
        self.negated = at, word

    def _add(self, at: int, number: str) -> None:
        if self.pending[0] == at - 1:
            number = f"{number} {self.pending[1]}"
        self.found.append(number)
        self.number_at = at

    def _numeral(self, at: int, word: str) -> None:
        if self.named is None:
            self.named = not NAMING.isdisjoint(self.words)
        bare, said = _as_number(word, self.named)
        if self.number_at == at - 1 and self._continues(at, bare):
            self.found[-1] += bare
            self.number_at = at
        else:
            self._add(at, said)

    def _continues(self, at: int, word: str) -> bool:
        """Whether a word behind a number is the next three digits of 10 000."""
        if len(word) != 3 or not word.isdecimal():
            return False
        last = self.words[at - 1]
        return self.found[-1].isdecimal() and last.isdecimal() and (len(last) == 3 or last[0] != "0") and len(last) <= 3


def _digits(text: str) -> str:
    """Digits of any script as those of ASCII."""
    return text if text.isascii() else "".join(str(int(sign)) if sign.isdecimal() else sign for sign in text)


def _value(text: str, *, named: bool) -> str:
    """A number in one spelling; where something is `named` by a number, its zeros at the end count."""
    if text.startswith("."):
        text = f"0{text}"
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "").replace("'", "")
    decimal = _DECIMAL.fullmatch(text)
    if decimal is None:
        return text.removeprefix("0") if ":" in text and text[1:2] != ":" else text
    whole, part = decimal.groups()
    # Three digits behind a point may be thousands: 1.000 is neither 1 nor 1000.
    if not named and len(part) != 3 and (len(whole) == 1 or whole[0] != "0"):
        part = part.rstrip("0")
    return f"{whole}.{part}" if part else whole


def _code(word: str) -> str:
    """A word of letters and digits, without the hyphens between the two."""
    return _HYPHEN.sub("", _digits(word)) if "-" in word else _digits(word)
