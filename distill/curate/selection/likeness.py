"""How alike rows are, in thousandths: by their wording, and by length and form of input and answer.

    wording    cosine of the counts of character 4-grams, hashed with a sign into 256 numbers
    form       share of the traits that are equal: both lengths in half octaves; lines, lists, digits and a question in
               the input; script; the answer's JSON keys, or that it is none

A likeness is a whole number from 0 to 1,000, made of whole numbers by operations that every machine rounds alike, so that
a choice by it is the same everywhere. It depends on the two rows alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from distill.similarity import sketches
from distill.text.normalise import normalise

SAME = 1000
WORDING = 700
"""The part of the wording in a likeness; the rest is the form's."""
SLOTS = 256
LOOKED_AT = 1000
"""Characters of an input that count: those at both its ends. So a long one costs no more, and sums stay exact."""
_EDGE = "\x02\x02\x02"
"""Stands around each text, so that the shortest has a 4-gram too."""
_LIST = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.MULTILINE)
_DIGIT = re.compile(r"\d")
_KEY, _PLAIN_KEY = re.compile(r'"((?:[^"\\]|\\.){1,60})"\s*:'), re.compile(r'"([^"\\]{1,60})"\s*:')
"""The second finds the same where nothing is escaped, in a third of the time."""

Likeness = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Traits:
    """Of n rows: counts of 4-grams (n, SLOTS), one over their lengths as vectors, and the traits of form (n, traits)."""

    grams: NDArray[np.float32]
    scale: NDArray[np.float32]
    forms: NDArray[np.uint16]


def traits(inputs: Sequence[str], answers: Sequence[str]) -> Traits:
    """The traits of rows, given by their inputs and answers."""
    grams = _grams([f"{_EDGE}{_ends(normalise(text))}{_EDGE[0]}" for text in inputs])
    grams[~grams.any(axis=1), 0] = 1  # a few signs of a very short text can cancel out; it must be like itself
    squares = np.square(grams).sum(axis=1)
    forms = np.array([_form(*pair) for pair in zip(inputs, answers, strict=True)], np.uint16)
    return Traits(grams, 1 / np.sqrt(np.maximum(squares, 1)), forms)


def likeness(some: Traits, others: Traits) -> Likeness:
    """(some, others): whole numbers from 0 to SAME."""
    # Sums of whole numbers below 2^24 are exact in any order, so the product may be the processor's fastest.
    result: Likeness = some.grams @ others.grams.T
    np.maximum(result, 0, out=result)
    result *= np.outer(some.scale, others.scale) * np.float32(WORDING)
    shared = np.zeros(result.shape, np.uint8)
    for one, other in zip(some.forms.T, others.forms.T, strict=True):
        shared += one[:, None] == other[None, :]
    result += shared * np.float32((SAME - WORDING) / some.forms.shape[1])
    np.rint(result, out=result)
    return np.minimum(result, SAME, out=result)


def _ends(text: str) -> str:
    return text if len(text) <= LOOKED_AT else text[: LOOKED_AT // 2] + text[-LOOKED_AT // 2 :]


def _grams(texts: Sequence[str]) -> NDArray[np.float32]:
    codes, lengths = sketches.code_points(texts)
    owner = np.repeat(np.arange(len(texts)), lengths)
    inside = owner[:-3] == owner[3:]
    hashes = sketches.packed(codes)[inside]
    hashes = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes >>= np.uint64(64 - 9)
    slots = (hashes >> np.uint64(1)).astype(np.int64) + owner[:-3][inside] * SLOTS
    signs = (hashes & np.uint64(1)).astype(np.float64) * 2 - 1
    counts = np.bincount(slots, weights=signs, minlength=len(texts) * SLOTS)
    return counts.astype(np.float32).reshape(len(texts), SLOTS)


def _form(text: str, answer: str) -> tuple[int, ...]:
    return (
        _half_octave(text),
        _half_octave(answer),
        text.count("\n") > 0,
        _LIST.search(text) is not None,
        _DIGIT.search(text) is not None,
        "?" in text or "？" in text,
        text.isascii(),
        _shape(answer),
    )


def _half_octave(text: str) -> int:
    return (len(text) * len(text)).bit_length()


def _shape(answer: str) -> int:
    """A number for the JSON keys of an answer, 0 for plain text."""
    if not answer.startswith(("{", "[")):
        return 0
    keys = "\n".join(sorted(set((_KEY if "\\" in answer else _PLAIN_KEY).findall(answer))))
    return int.from_bytes(blake2b(keys.encode("utf-8", "replace"), digest_size=2).digest())
