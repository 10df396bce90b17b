"""Which texts are the same but for one word, and what stands in its place.

    text                    word        context            texts by word, in that context
    my pasword is lost      pasword     my … is lost       {pasword: [0], password: [1]}
    my password is lost     password    my … is lost

Texts are numbers here, one a word. A context is a hash, so all texts of one context meet without being compared: the work grows with
the number of words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from distill.similarity.arrays import Bools, Int64s
from distill.similarity.sketches import blocks

WordTuple = tuple[str, ...]
Hashes = NDArray[np.uint64]
Hash = TypeVar("Hash", np.int64, np.uint64)

MAX_WORDS = 50
"""Of a text."""
BLOCK = 1 << 18
"""Words whose contexts are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The words of n texts as numbers: those of a million texts would not fit as strings."""

    vocabulary: Sequence[str]
    ids: NDArray[np.uint32]
    """All words of all texts, one text after the other, by place in `vocabulary`."""
    starts: Int64s
    """(n + 1): where the words of each text begin, and where the last ones end."""

    def context_words(self, text: int, place: int) -> WordTuple:
        """The words of a text but for the one in that place."""
        ids = self.ids[self.starts[text] : self.starts[text + 1]].tolist()
        return tuple(self.vocabulary[number] for at, number in enumerate(ids) if at != place)


def texts_with_word(corpus: Corpus) -> list[int]:
    """How many texts hold each word."""
    counts = np.zeros(len(corpus.vocabulary), np.int64)
    for start, stop in blocks(np.diff(corpus.starts), BLOCK):
        ids = corpus.ids[corpus.starts[start] : corpus.starts[stop]]
        text = np.repeat(np.arange(start, stop), np.diff(corpus.starts[start : stop + 1]))
        once = np.unique((text << 32) | ids)
        counts += np.bincount(once & 0xFFFFFFFF, minlength=len(counts))
    return counts.tolist()


def texts_by_context(
    corpus: Corpus, corrections: Mapping[int, Sequence[int]]
) -> Iterator[tuple[int, dict[int, list[int]]]]:
    """(place, {word: texts}) of all texts that are the same but for the word in that place, where one may be a typo."""
    may_be = np.zeros(len(corpus.vocabulary), np.bool_)
    may_be[[number for word, some in corrections.items() for number in (word, *some)]] = True
    shared = repeated(
        np.concatenate([np.empty(0, np.uint64), *(some[may_be[ids]] for _, ids, some in _contexts(corpus))])
    )
    groups: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    place: dict[int, int] = {}
    for first, ids, contexts in _contexts(corpus):
        for at in np.flatnonzero(among(contexts, shared)).tolist():
            text = int(np.searchsorted(corpus.starts, first + at, side="right")) - 1
            context = int(contexts[at])
            place[context] = first + at - int(corpus.starts[text])
            groups[context][int(ids[at])].append(text)
    return ((place[context], texts_by_word) for context, texts_by_word in groups.items() if len(texts_by_word) > 1)


def _contexts(corpus: Corpus) -> Iterator[tuple[int, NDArray[np.uint32], Hashes]]:
    """A block at a time: where it begins in `ids`, its words, and of each the hash of its context.

    A text's hash is the sum of its words' numbers, each times the number of its place; without one word it is that much less.
    """
    chance = np.random.default_rng(0)
    of_word = chance.integers(1 << 64, size=len(corpus.vocabulary), dtype=np.uint64)
    of_place = chance.integers(1 << 64, size=MAX_WORDS, dtype=np.uint64) | np.uint64(1)
    sizes = np.diff(corpus.starts)
    for start, stop in blocks(sizes, BLOCK):
        first, last = int(corpus.starts[start]), int(corpus.starts[stop])
        begins, some = corpus.starts[start:stop] - first, sizes[start:stop]
        ids = corpus.ids[first:last]
        terms = of_word[ids] * of_place[np.arange(last - first) - np.repeat(begins, some)]
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(terms)])
        yield first, ids, np.repeat(sums[begins + some] - sums[begins], some) - terms


def repeated(hashes: NDArray[Hash]) -> NDArray[Hash]:
    """Those that are there more than once, sorted. Sorts what it is given: of a million texts there is no room for it twice."""
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def among(hashes: NDArray[Hash], wanted: NDArray[Hash]) -> Bools:
    """Which of some hashes are among the wanted, which are sorted."""
    if not len(wanted):
        return np.zeros(len(hashes), np.bool_)
    at = np.searchsorted(wanted, hashes)
    return np.equal(wanted[np.minimum(at, len(wanted) - 1)], hashes)
