"""Which training texts hold a passage of a held-out text: 13 words in a row, wherever they stand.

The rule is that of GPT-3 (Brown et al., 2020, appendix C) as NeMo Curator and others use it: a run of 13 words counts, case
and punctuation do not, and a run that more than 10 other texts hold, or fewer where the caller says so, is template text (a
signature, a shared instruction) and no leak. A held-out text of 8 to 12 words is looked for as a whole; a shorter one says too
little. Scripts without spaces are measured in characters (`distill.text.word_ngrams`).

A training text is a row's input and answer together, and so is a held-out one, whose parts also count by themselves: an
answer that quotes a test row's input is found, as is an input that holds its known answer. A run counts where it lies within the
input of one of the two: an answer that equals a test row's, a stock reply say, gives nothing away. Nor does a run that lies within
both inputs where the caller knows that they are two (`apart`), or whose signs make it two ("x < 5", "x > 5"). Of JSON only the
strings count, since every answer of a task has the same keys.

The held-out side is indexed and the training side read past it once, so time and memory grow with the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from distill.curate.passage_index import BLOCK, PassageIndex, text_of, words_of_each
from distill.executors import executor as executors
from distill.similarity import decisive
from distill.similarity.arrays import Bools, Int64s
from distill.similarity.sketches import blocks
from distill.text.word_ngrams import words

COMMON = 10
"""A run that more training texts hold is template text."""
TEXTS = 1 << 12
"""Training texts that are read at a time."""
_CLIP = 80
Apart = Callable[[Int64s, Int64s], Bools]
"""Of pairs (training text, held-out row), whether their inputs are known to be two, whatever they share."""


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
class SharedPassages:
    """What there is of each training text, and of all."""

    quotes: list[Quote | None]
    """The rarest run that it shares; None where it shares none, or template text alone."""
    template: list[bool]
    """Whether template text is all that it shares."""
    templates: int
    """Runs of held-out texts that are template text."""


def find(
    train: Sequence[str],
    held_out: Sequence[Sequence[str]],
    *,
    inputs: Sequence[str] | None = None,
    unsure: Sequence[bool] = (),
    common: int | Sequence[int] = COMMON,
    template: Sequence[str] = (),
    apart: Apart | None = None,
) -> SharedPassages:
    """What each training text (of `text_of`) shares with the held-out rows, of each of which `held_out` has the parts.

    `inputs` are the parts with which the training texts begin, by default the whole texts; a held-out row begins with its input,
    or all of it counts as such where that is `unsure`.
    A run that more than `common` others hold, training texts and held-out rows, is template text (one number, or one for each
    held-out row), as is every run of the texts in `template`.
    """
    index = PassageIndex.of(held_out, unsure or [False] * len(held_out))
    if index is None:
        return SharedPassages([None] * len(train), [False] * len(train), 0)
    allowed = (common if isinstance(common, int) else np.array(common, np.int64)[index.owners]) - index.others
    for _, texts in _pieces(template):
        allowed[index.hits(words(texts))[:, 1]] = -1
    executor, bounds = executors.current(), executors.cuts(len(train), executors.current().rows)
    parts = (_part(train, start, stop) for start, stop in bounds)
    held_by, shares = np.zeros(len(index.numbers), np.int64), np.zeros(len(train), np.bool_)
    found = [np.empty((0, 3), np.int64)]
    for (start, stop), read in zip(bounds, executor.map("passages", _read, parts, (index, allowed)), strict=True):
        held_by += read.held_by
        shares[start:stop] = read.shares
        found.append(read.hits + (start, 0, 0))
    hits = np.concatenate(found)
    hits = hits[(held_by <= allowed)[hits[:, 1]]]
    hits = hits[~_mostly_template(hits, held_by > allowed, index)]
    shares[hits[:, 0]] = False
    hits = hits[_told(hits, train if inputs is None else inputs, index, apart)]
    quotes: list[Quote | None] = [None] * len(train)
    for row, run, first in _rarest_first(hits, held_by, index).tolist():
        if quotes[row] is None:
            quotes[row] = _quote(train[row], first, run, index, int(held_by[run]))
    return SharedPassages(quotes, shares.tolist(), int(((held_by > allowed) & (held_by > 0)).sum()))


@runtime_checkable
class _Parted(Protocol):
    """Texts that are put together when they are looked at; a part of them goes elsewhere as the table that it is."""

    def part(self, start: int, stop: int) -> Sequence[str]:
        """The texts from one place up to another."""


def _part(train: Sequence[str], start: int, stop: int) -> Sequence[str]:
    if stop - start == len(train):
        return train
    return train.part(start, stop) if isinstance(train, _Parted) else train[start:stop]


@dataclass(frozen=True, slots=True)
class _Read:
    """What a part of the training texts shares with the held-out ones."""

    held_by: Int64s
    """Texts that hold each run of the index."""
    shares: Bools
    """Whether a text shares any."""
    hits: Int64s
    """(text, run, first word), without those that are template text within this part already."""


def _read(train: Sequence[str], known: tuple[PassageIndex, Int64s]) -> _Read:
    index, allowed = known
    held_by, shares = np.zeros(len(index.numbers), np.int64), np.zeros(len(train), np.bool_)
    hits = np.empty((0, 3), np.int64)
    for start, texts in _pieces(train):
        fresh = index.hits(words(texts))
        held_by += np.bincount(fresh[:, 1], minlength=len(held_by))
        fresh[:, 0] += start
        shares[fresh[:, 0]] = True
        # What is template text by now stays so. Without it the hits are few, whatever the training texts have in common.
        hits = np.concatenate((hits, fresh))
        hits = hits[(held_by <= allowed)[hits[:, 1]]]
    return _Read(held_by, shares, hits)


def _mostly_template(hits: Int64s, template: Bools, index: PassageIndex) -> Bools:
    """Which hits are template text by three quarters of their words: the word before a signature makes no quote of it."""
    found = np.zeros(len(hits), np.bool_)
    texts, counts = np.unique(index.at[hits[:, 1], 0], return_counts=True)
    by_text = np.split(np.argsort(index.at[hits[:, 1], 0], kind="stable"), np.cumsum(counts))
    for text, some in zip(texts.tolist(), by_text, strict=False):
        block = words([index.texts[text]])
        own = index.hits(block)
        covered = np.zeros(len(block.owner) + 1, np.int64)
        for run, first in own[template[own[:, 1]], 1:].tolist():
            covered[first + 1 : first + 1 + index.at[run, 2]] = 1
        before = np.cumsum(covered)
        _, begin, count = index.at[hits[some, 1]].T
        found[some] = 4 * (before[begin + count] - before[begin]) >= 3 * count
    return found


def _told(hits: Int64s, inputs: Sequence[str], index: PassageIndex, apart: Apart | None) -> Bools:
    """Which hits lie within the input of either of the two rows, but not within both inputs where these are apart."""
    asked = index.asked[hits[:, 1]]
    rows, places = np.unique(hits[:, 0], return_inverse=True)
    lengths = words_of_each([text_of(inputs[row]) for row in rows.tolist()])
    own = hits[:, 2] + index.at[hits[:, 1], 2] <= lengths[places]
    told: Bools = asked | own
    both = np.flatnonzero(asked & own)
    if apart is not None and len(both):
        pairs, at = np.unique(
            np.stack((hits[both, 0], index.owners[hits[both, 1]]), axis=1), axis=0, return_inverse=True
        )
        told[both] &= ~apart(pairs[:, 0], pairs[:, 1])[at.reshape(-1)]
    return told


def _pieces(train: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Texts that are looked at together, and the place of their first."""
    for start in range(0, len(train), TEXTS):
        texts = train[start : start + TEXTS]
        for low, high in blocks([len(text) for text in texts], BLOCK):
            yield start + low, texts[low:high]


def _rarest_first(hits: Int64s, held_by: Int64s, index: PassageIndex) -> Int64s:
    """The hits of each text: the rarest run first, of the first held-out row, the first in the text."""
    return hits[np.lexsort((hits[:, 2], index.owners[hits[:, 1]], held_by[hits[:, 1]], hits[:, 0]))]


def _quote(text: str, first: int, run: int, index: PassageIndex, held_by: int) -> Quote | None:
    """The hit in words; None where two runs have one number by chance, or other signs between their words."""
    other, begin, count = index.at[run].tolist()
    own, known = words([text]), words([index.texts[other]])
    if own.spelt(first, first + count) != known.spelt(begin, begin + count):
        return None
    if decisive.marks(own.signed(first, first + count)) != decisive.marks(known.signed(begin, begin + count)):
        return None
    passage = own.text(first, first + count)
    return Quote(int(index.owners[run]), passage if len(passage) <= _CLIP else f"{passage[: _CLIP - 1]}…", held_by)
