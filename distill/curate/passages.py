"""Which training texts hold a passage of a held-out text: 13 words in a row, wherever they stand.

The rule is that of GPT-3 (Brown et al., 2020, appendix C) as NeMo Curator and others use it: a run of 13 words counts, case
and punctuation do not, and a run that more than 10 other texts hold, or fewer where the caller says so, is template text (a
signature, a shared instruction) and no leak. A held-out text of 8 to 12 words is looked for as a whole; a shorter one says too
little. Scripts without spaces are measured in characters (`distill.similarity.word_ngrams`).

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

import numpy as np
from numpy.typing import NDArray

from distill.records import Json
from distill.similarity import decisive
from distill.similarity.arrays import Int32s, Int64s, UInt64s
from distill.similarity.minhash import blocks
from distill.similarity.word_ngrams import GRAM, WordBlock, words
from distill.text.normalise import strict_json

SHORTEST = 16
"""Half words from which a short held-out text is looked for as a whole: GPT-3's least number of words, 8."""
COMMON = 10
"""A run that more training texts hold is template text."""
TEXTS = 1 << 12
"""Training texts that are read at a time."""
BLOCK = 1 << 19
"""Characters that are looked at together."""
_CLIP = 80
Apart = Callable[[Int64s, Int64s], NDArray[np.bool_]]
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


@dataclass(frozen=True, slots=True)
class _Index:
    """The distinct runs of the held-out texts, sorted by their numbers; each array has an entry a run."""

    texts: list[str]
    numbers: UInt64s
    sizes: Int32s
    owners: Int64s
    at: Int32s
    """In which of the texts it stands, at which of its words, and how many words it has: (runs, 3)."""
    asked: NDArray[np.bool_]
    """Whether it lies within a held-out input."""
    others: Int64s
    """How many more held-out rows have it."""
    hint: NDArray[np.bool_]
    """Whether any number begins with these bits: nearly all runs of the training side end here."""
    shift: np.uint64


def text_of(*parts: str) -> str:
    """One text of a row's parts; of a part that is a JSON object or list, its strings."""
    return "\n".join(_strings(part) for part in parts if part)


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
    index = _indexed(held_out, unsure or [False] * len(held_out))
    if index is None:
        return SharedPassages([None] * len(train), [False] * len(train), 0)
    allowed = (common if isinstance(common, int) else np.array(common, np.int64)[index.owners]) - index.others
    for _, texts in _pieces(template):
        allowed[_hits(words(texts), index)[:, 1]] = -1
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
        hits = hits[(held_by <= allowed)[hits[:, 1]]]
    hits = hits[~_mostly_template(hits, held_by > allowed, index)]
    shares[hits[:, 0]] = False
    hits = hits[_told(hits, train if inputs is None else inputs, index, apart)]
    quotes: list[Quote | None] = [None] * len(train)
    for row, run, first in _rarest_first(hits, held_by, index).tolist():
        if quotes[row] is None:
            quotes[row] = _quote(train[row], first, run, index, int(held_by[run]))
    return SharedPassages(quotes, shares.tolist(), int(((held_by > allowed) & (held_by > 0)).sum()))


def _mostly_template(hits: Int64s, template: NDArray[np.bool_], index: _Index) -> NDArray[np.bool_]:
    """Which hits are template text by three quarters of their words: the word before a signature makes no quote of it."""
    found = np.zeros(len(hits), np.bool_)
    texts, counts = np.unique(index.at[hits[:, 1], 0], return_counts=True)
    by_text = np.split(np.argsort(index.at[hits[:, 1], 0], kind="stable"), np.cumsum(counts))
    for text, some in zip(texts.tolist(), by_text, strict=False):
        block = words([index.texts[text]])
        own = _hits(block, index)
        covered = np.zeros(len(block.owner) + 1, np.int64)
        for run, first in own[template[own[:, 1]], 1:].tolist():
            covered[first + 1 : first + 1 + index.at[run, 2]] = 1
        before = np.cumsum(covered)
        _, begin, count = index.at[hits[some, 1]].T
        found[some] = 4 * (before[begin + count] - before[begin]) >= 3 * count
    return found


def _told(hits: Int64s, inputs: Sequence[str], index: _Index, apart: Apart | None) -> NDArray[np.bool_]:
    """Which hits lie within the input of either of the two rows, but not within both inputs where these are apart."""
    asked = index.asked[hits[:, 1]]
    rows, places = np.unique(hits[:, 0], return_inverse=True)
    lengths = _lengths([text_of(inputs[row]) for row in rows.tolist()])
    own = hits[:, 2] + index.at[hits[:, 1], 2] <= lengths[places]
    told: NDArray[np.bool_] = asked | own
    both = np.flatnonzero(asked & own)
    if apart is not None and len(both):
        pairs, at = np.unique(
            np.stack((hits[both, 0], index.owners[hits[both, 1]]), axis=1), axis=0, return_inverse=True
        )
        told[both] &= ~apart(pairs[:, 0], pairs[:, 1])[at.reshape(-1)]
    return told


def _lengths(texts: Sequence[str]) -> Int64s:
    """Of each text its number of words."""
    parts = [np.empty(0, np.int64)]
    for start, stop in blocks([len(text) for text in texts], BLOCK):
        parts.append(np.diff(words(texts[start:stop]).last, prepend=0))
    return np.concatenate(parts)


def _pieces(train: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Texts that are looked at together, and the place of their first."""
    for start in range(0, len(train), TEXTS):
        texts = train[start : start + TEXTS]
        for low, high in blocks([len(text) for text in texts], BLOCK):
            yield start + low, texts[low:high]


def _indexed(held_out: Sequence[Sequence[str]], unsure: Sequence[bool]) -> _Index | None:
    """None where no held-out text is long enough to be recognised."""
    # A row's parts together, for runs that cross from one into the other, and each part, to be found as a whole.
    owned = [
        (owner, part, text)
        for owner, parts in enumerate(held_out)
        for part, text in enumerate([text_of(*parts), *map(text_of, parts)])
    ]
    texts = [text for _, _, text in owned]
    alone = np.array([part > 0 for _, part, _ in owned], np.bool_)
    asked = _lengths([text_of(*parts[:1]) for parts in held_out])
    of_row = np.array([owner for owner, _, _ in owned], np.int64)
    answers = np.array([part > 1 for _, part, _ in owned], np.bool_)
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
    owners = of_row[at[:, 0]]
    within = ~answers[at[:, 0]] & (at[:, 1] + at[:, 2] <= asked[owners])
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
    return _Index(texts, numbers, at[:, 3], owners, at[:, :3], within, others, hint, shift)


def _owners_of_each(run: Int64s, owners: Int64s) -> Int64s:
    """Of each run how many different rows have it."""
    once = np.unique(run << 32 | owners)
    return np.bincount(once >> 32)


def _hits(block: WordBlock, index: _Index) -> Int64s:
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


def _rarest_first(hits: Int64s, held_by: Int64s, index: _Index) -> Int64s:
    """The hits of each text: the rarest run first, of the first held-out row, the first in the text."""
    return hits[np.lexsort((hits[:, 2], index.owners[hits[:, 1]], held_by[hits[:, 1]], hits[:, 0]))]


def _quote(text: str, first: int, run: int, index: _Index, held_by: int) -> Quote | None:
    """The hit in words; None where two runs have one number by chance, or other signs between their words."""
    other, begin, count = index.at[run].tolist()
    own, known = words([text]), words([index.texts[other]])
    if own.spelt(first, first + count) != known.spelt(begin, begin + count):
        return None
    if decisive.marks(own.signed(first, first + count)) != decisive.marks(known.signed(begin, begin + count)):
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
