"""The runs of words that held-out texts have, by their numbers, so that training texts are read past them once.

A run is 13 words of a held-out row's texts, or a whole text of 8 to 12 (`distill.curate.passages` says what counts).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from distill.similarity.arrays import Bools, Int32s, Int64s, UInt64s
from distill.similarity.sketches import blocks
from distill.text.normalise import strict_json, strings_of
from distill.text.word_ngrams import GRAM, WordBlock, words

SHORTEST = 16
"""Half words from which a short held-out text is looked for as a whole: GPT-3's least number of words, 8."""
BLOCK = 1 << 19
"""Characters that are looked at together."""


@dataclass(frozen=True, slots=True)
class PassageIndex:
    """The distinct runs of the held-out texts, sorted by their numbers; each array has an entry a run."""

    texts: list[str]
    numbers: UInt64s
    sizes: Int32s
    owners: Int64s
    at: Int32s
    """In which of the texts it stands, at which of its words, and how many words it has: (runs, 3)."""
    asked: Bools
    """Whether it lies within a held-out input."""
    others: Int64s
    """How many more held-out rows have it."""
    hint: Bools
    """Whether any number begins with these bits: nearly all runs of the training side end here."""
    shift: np.uint64

    @classmethod
    def of(cls, held_out: Sequence[Sequence[str]], unsure: Sequence[bool]) -> PassageIndex | None:
        """None where no held-out text is long enough to be recognised."""
        # A row's parts together, for runs that cross from one into the other, and each part, to be found as a whole.
        owned = [
            (owner, part, text)
            for owner, parts in enumerate(held_out)
            for part, text in enumerate([text_of(*parts), *map(text_of, parts)])
        ]
        texts, part = [text for _, _, text in owned], np.array([part for _, part, _ in owned], np.int64)
        numbers, at = _runs(texts, part > 0)
        if not len(numbers):
            return None
        owners = np.array([owner for owner, _, _ in owned], np.int64)[at[:, 0]]
        inputs = words_of_each([text_of(*parts[:1]) for parts in held_out])
        within = (part[at[:, 0]] <= 1) & (at[:, 1] + at[:, 2] <= inputs[owners])
        within |= np.array(unsure, np.bool_)[owners]
        # Of equal runs the one in the first held-out row stands for all, and one in an input before those in answers.
        order = np.lexsort((*at.T[1::-1], ~within, numbers))
        numbers, at, owners, within = numbers[order], at[order], owners[order], within[order]
        once = np.concatenate(([True], numbers[1:] != numbers[:-1]))
        others = _owners_of_each(np.cumsum(once) - 1, owners) - 1
        numbers, at, owners, within = numbers[once], at[once], owners[once], within[once]
        bits = min(26, max(12, (16 * len(numbers)).bit_length()))
        shift = np.uint64(64 - bits)
        hint = np.zeros(1 << bits, np.bool_)
        hint[numbers >> shift] = True
        return cls(texts, numbers, at[:, 3], owners, at[:, :3], within, others, hint, shift)

    def hits(self, block: WordBlock) -> Int64s:
        """(text of the block, run of the index, its first word in the text) of every shared run, each run of a text once, the first."""
        found = [np.empty((0, 3), np.int64)]
        for size in np.unique(self.sizes).tolist():
            first, _, numbers = block.runs(size)
            some = np.flatnonzero(self.hint[numbers >> self.shift])
            places = np.minimum(np.searchsorted(self.numbers, numbers[some]), len(self.numbers) - 1)
            equal = (self.numbers[places] == numbers[some]) & (self.sizes[places] == size)
            some, places = some[equal], places[equal]
            found.append(np.stack((block.owner[first[some]], places, block.within(first[some])), axis=1))
        hits = np.concatenate(found)
        _, once = np.unique(hits[:, 0] << 32 | hits[:, 1], return_index=True)
        return hits[once]


def text_of(*parts: str) -> str:
    """One text of a row's parts; of a part that is a JSON object or list, its strings."""
    return "\n".join(_strings(part) for part in parts if part)


def words_of_each(texts: Sequence[str]) -> Int64s:
    """Of each text its number of words."""
    parts = [np.empty(0, np.int64)]
    for start, stop in blocks([len(text) for text in texts], BLOCK):
        parts.append(np.diff(words(texts[start:stop]).last, prepend=0))
    return np.concatenate(parts)


def _runs(texts: Sequence[str], alone: Bools) -> tuple[UInt64s, Int32s]:
    """(number; text, first word, words and half words) of every run of 13 words, and of texts that are looked for `alone` as a whole."""
    runs = [(np.empty(0, np.uint64), np.empty((0, 4), np.int32))]
    for start, stop in blocks([len(text) for text in texts], BLOCK):
        block = words(texts[start:stop])
        lengths = block.lengths()
        for size in (GRAM, *range(SHORTEST, GRAM)):
            first, after, numbers = block.runs(size)
            text = block.owner[first]
            own = alone[start:stop][text]
            whole = np.flatnonzero(~own if size == GRAM else own & (lengths[text] == size))
            first, after, text = first[whole], after[whole], text[whole]
            at = np.stack(
                (text + start, block.within(first), after - first, np.full(len(first), size)), axis=1, dtype=np.int32
            )
            runs.append((numbers[whole], at))
    numbers, at = (np.concatenate(parts) for parts in zip(*runs, strict=True))
    return numbers, at


def _owners_of_each(run: Int64s, owners: Int64s) -> Int64s:
    """Of each run how many different rows have it."""
    once = np.unique(run << 32 | owners)
    return np.bincount(once >> 32)


def _strings(part: str) -> str:
    """A part as it is; of JSON its strings, in order."""
    if part[:1] not in ("{", "["):
        return part
    try:
        return "\n".join(strings_of(strict_json(part)))
    except ValueError:
        return part
