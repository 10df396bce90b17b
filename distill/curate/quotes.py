"""Which training texts hold a passage of a held-out text: 13 words in a row, wherever they stand.

The rule is that of GPT-3 (Brown et al., 2020, appendix C) as NeMo Curator and others use it: a run of 13 words counts, case
and punctuation do not, and a run that more than 10 training texts hold is template text (a signature, a shared
instruction) and no leak. A held-out text of 8 to 12 words is looked for as a whole; a shorter one says too little. Scripts
without spaces are measured in characters (`distill.curate.grams`).

A training text is a row's input and answer together, and so is a held-out one, whose parts also count by themselves: an
answer that quotes a test row's input is found, as is an input that holds its known answer. Of JSON only the strings
count, since every answer of a task has the same keys.

The held-out side is indexed and the training side read past it once, so time and memory grow with the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distill.curate.grams import GRAM, Ints, Numbers, Words, words
from distill.records import Json
from distill.sketches import blocks
from distill.text import strict_json

SHORTEST = 16
"""Half words from which a short held-out text is looked for as a whole: GPT-3's least number of words, 8."""
COMMON = 10
"""A run that more training texts hold is template text."""
TEXTS = 1 << 12
"""Training texts that are read at a time."""
BLOCK = 1 << 19
"""Characters that are looked at together."""
_CLIP = 80
Small = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Quote:
    """What a training text shares with a held-out one."""

    held_out: int
    """Its place in the list of held-out texts."""
    passage: str
    """The shared words as the training text has them, normalised and cut to 80 characters."""
    held_by: int
    """How many training texts hold that run."""


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of each training text, and of all."""

    quotes: list[Quote | None]
    """The rarest run that it shares; None where it shares none, or template text alone."""
    template: list[bool]
    """Whether template text is all that it shares."""
    templates: int
    """Runs of held-out texts that are template text."""


@dataclass(frozen=True, slots=True)
class _Index:
    """The distinct runs of the held-out texts, sorted by their numbers; each array has an entry a run."""

    texts: list[str]
    numbers: Numbers
    sizes: Small
    owners: Ints
    at: Small
    """In which of the texts it stands, at which of its words, and how many words it has: (runs, 3)."""
    hint: NDArray[np.bool_]
    """Whether any number begins with these bits: nearly all runs of the training side end here."""
    shift: np.uint64


def text_of(*parts: str) -> str:
    """One text of a row's parts; of a part that is a JSON object or list, its strings."""
    return "\n".join(_strings(part) for part in parts if part)


def find(train: Sequence[str], held_out: Sequence[Sequence[str]], *, common: int = COMMON) -> Found:
    """What each training text (of `text_of`) shares with the held-out rows, of each of which `held_out` has the parts."""
    index = _indexed(held_out)
    if index is None:
        return Found([None] * len(train), [False] * len(train), 0)
    held_by = np.zeros(len(index.numbers), np.int64)
    shares = np.zeros(len(train), np.bool_)
    hits = np.empty((0, 3), np.int64)
    for start, texts in _pieces(train):
        fresh = _hits(words(texts), index)
        held_by += np.bincount(fresh[:, 1], minlength=len(held_by))
        fresh[:, 0] += start
        shares[fresh[:, 0]] = True
        # What is template text by now stays so. Without it the hits are few, whatever the training texts have in common.
        hits = np.concatenate((hits, fresh))
        hits = hits[held_by[hits[:, 1]] <= common]
    quotes: list[Quote | None] = [None] * len(train)
    for row, run, first in _rarest(hits, held_by, index).tolist():
        quotes[row] = _quote(train[row], first, run, index, int(held_by[run]))
    shares[hits[:, 0]] = False
    return Found(quotes, shares.tolist(), int((held_by > common).sum()))


def _pieces(train: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Texts that are looked at together, and the place of their first."""
    for start in range(0, len(train), TEXTS):
        texts = train[start : start + TEXTS]
        for low, high in blocks([len(text) for text in texts], BLOCK):
            yield start + low, texts[low:high]


def _indexed(held_out: Sequence[Sequence[str]]) -> _Index | None:
    """None where no held-out text is long enough to be recognised."""
    # A row's parts together, for runs that cross from one into the other, and each part, to be found as a whole.
    owned = [
        (owner, part, text)
        for owner, parts in enumerate(held_out)
        for part, text in enumerate([text_of(*parts), *map(text_of, parts)])
    ]
    texts = [text for _, _, text in owned]
    alone = np.array([part > 0 for _, part, _ in owned], np.bool_)
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
    if not len(numbers):
        return None
    # Of equal runs the one in the first held-out row stands for all.
    order = np.lexsort((*at.T[1::-1], numbers))
    numbers, at = numbers[order], at[order]
    once = np.concatenate(([True], numbers[1:] != numbers[:-1]))
    numbers, at = numbers[once], at[once]
    owners = np.array([owner for owner, _, _ in owned], np.int64)[at[:, 0]]
    bits = min(26, max(12, (16 * len(numbers)).bit_length()))
    shift = np.uint64(64 - bits)
    hint = np.zeros(1 << bits, np.bool_)
    hint[numbers >> shift] = True
    return _Index(texts, numbers, at[:, 3], owners, at[:, :3], hint, shift)


def _hits(block: Words, index: _Index) -> Ints:
    """(text of the block, run of the index, its first word in the text) of every shared run, each run of a text once, the first."""
    found = [np.empty((0, 3), np.int64)]
    for size in np.unique(index.sizes).tolist():
        first, _, numbers = block.runs(size)
        some = np.flatnonzero(index.hint[numbers >> index.shift])
        places = np.minimum(np.searchsorted(index.numbers, numbers[some]), len(index.numbers) - 1)
        equal = (index.numbers[places] == numbers[some]) & (index.sizes[places] == size)
        some, places = some[equal], places[equal]
        found.append(np.stack((block.owner[first[some]], places, block.within(first[some])), axis=1))
    hits = np.concatenate(found)
    _, once = np.unique(hits[:, 0] << 32 | hits[:, 1], return_index=True)
    return hits[once]


def _rarest(hits: Ints, held_by: Ints, index: _Index) -> Ints:
    """Of each text one hit: the rarest run, of the first held-out row, the first in the text."""
    order = np.lexsort((hits[:, 2], index.owners[hits[:, 1]], held_by[hits[:, 1]], hits[:, 0]))
    hits = hits[order]
    return hits[np.flatnonzero(np.diff(hits[:, 0], prepend=-1))]


def _quote(text: str, first: int, run: int, index: _Index, held_by: int) -> Quote | None:
    """The hit in words; None where two runs have one number by chance."""
    other, begin, count = index.at[run].tolist()
    own, known = words([text]), words([index.texts[other]])
    if own.spelt(first, first + count) != known.spelt(begin, begin + count):
        return None
    passage = own.text(first, first + count)
    return Quote(int(index.owners[run]), passage if len(passage) <= _CLIP else f"{passage[: _CLIP - 1]}…", held_by)


def _strings(part: str) -> str:
    """A part as it is; of JSON its strings, in order."""
    if part[:1] not in ("{", "["):
        return part
    try:
        return "\n".join(_leaves(strict_json(part)))
    except ValueError:
        return part


def _leaves(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _leaves(child)
