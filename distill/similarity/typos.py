"""Which texts differ by one typo, though they are too short to overlap much: texts in, pairs out.

    "my pasword is lost"        "my password is lost"     a misspelt word
    "my password is lost!!"     "my password is lost"     punctuation after and around words, apostrophes
    "my pass word is lost"      "my password is lost"     a space between two words of letters
    "my my password is lost"    "my password is lost"     a word typed twice
    "hi my password is lost"    "my password is lost"     a courtesy at the beginning or the end ("please", "thanks")

One wrong letter in 45 characters spoils a tenth of all 4-grams, so `distill.similarity.pairs` finds long near-duplicates and misses short ones.

Two texts have the same form where only punctuation, spaces and repeated words differ. They meet by a hash of it. A misspelt word is
found by its context, which is the text without that word:

    text                    word        context            texts by word, in that context
    my pasword is lost      pasword     my … is lost       {pasword: [0], password: [1]}
    my password is lost     password    my … is lost

Is "pasword" a typo of "password"? `distill.similarity.spelling` says, by a dictionary and by how many texts hold each word. Where other texts have
further words in that place ("call jon", "call john", "call bob") it is an open slot, whose words differ for a reason: there only
dictionary and frequency together can tell.

Digits and symbols always count, and so does the space beside them: "7 am" is not "8 am". So do numbers in words and negations
(`distill.similarity.decisive`): "four" is not "for", and "now" not "not". Only a word that no dictionary has may be a number's typo.

Whether a word is a typo depends on the other texts, but neither on their order nor on the machine. The work grows with the number of
texts.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from distill.similarity import decisive, spelling
from distill.similarity.minhash import blocks
from distill.similarity.pairs import jaccard, shingles
from distill.text.normalise import normalise

Pairs = set[tuple[int, int]]
Words = tuple[str, ...]
Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Hash = TypeVar("Hash", np.int64, np.uint64)

MAX_CHARACTERS, MAX_WORDS = 400, 50
"""Of a text that is looked at: in longer ones the 4-grams find a typo."""
CROWD = 16
"""With how many texts of one form, the first of them, another is paired."""
BLOCK = 1 << 18
"""Words whose contexts are in memory at a time."""
_MARKS, _QUOTES = ".,;:!?…。，！？、", "\"'`´‘’“”„«»¿¡"
_APOSTROPHES = str.maketrans("", "", "'`´‘’")
COURTESY: frozenset[Words] = frozenset(
    tuple(phrase.split())
    for phrase in (
        *("please", "pls", "plz", "kindly", "hi", "hello", "hey", "thanks", "thank you", "thx"),
        *("bitte", "hallo", "danke", "vielen dank", "alstublieft", "bedankt"),
        *("bonjour", "salut", "merci", "svp", "sil vous plaît", "sil te plaît"),
        *("hola", "gracias", "por favor", "ciao", "grazie", "per favore", "olá", "obrigado", "obrigada"),
        *("привет", "пожалуйста", "спасибо"),
    )
)
_COURTEOUS_ENDS = frozenset(word for phrase in COURTESY for word in (phrase[0], phrase[-1]))


def typo_pairs(texts: Sequence[str], *, numbers: bool = True) -> list[tuple[int, int, float]]:
    """Pairs (i, j, overlap of their 4-grams), i < j, sorted, of texts that are normalised and all different.

    With `numbers`, none of two whose numbers or negations differ.
    """
    corpus = _read(texts)
    pairs = _same_form(texts, corpus)
    if numbers:
        pairs = {(i, j) for i, j in pairs if decisive.marks(texts[i]) == decisive.marks(texts[j])}
    pairs |= _misspelt(corpus, numbers)
    return [(i, j, jaccard(shingles(texts[i]), shingles(texts[j]))) for i, j in sorted(pairs)]


def typo_pairs_between(
    texts: Sequence[str], others: Sequence[str], *, numbers: bool = True
) -> list[tuple[int, int, float]]:
    """The same of each text with each of the others: (place in `texts`, place in `others`, overlap), sorted."""
    places: dict[str, list[int]] = defaultdict(list)
    for at, text in enumerate(texts):
        places[normalise(text)].append(at)
    first: dict[str, int] = {}
    for at, text in enumerate(others):
        first.setdefault(normalise(text), at)
    every = list(dict.fromkeys([*first, *places]))
    found = []
    for i, j, overlap in typo_pairs(every, numbers=numbers):
        for text, other in ((every[i], every[j]), (every[j], every[i])):
            if other in first:
                found += [(at, first[other], overlap) for at in places.get(text, ())]
    return sorted(found)


def words_of(text: str) -> Words:
    """The words of a normalised text without punctuation, each once where it is repeated on the spot; () of a long text."""
    words: list[str] = []
    for piece in text.split() if len(text) <= MAX_CHARACTERS else ():
        word = piece if piece.isalpha() else _without_punctuation(piece)
        if word and not (words and words[-1] == word and spelling.in_cased_script(word)):
            words.append(word)
    return tuple(words) if len(words) <= MAX_WORDS else ()


def form_of(words: Words) -> str:
    """Words joined into one, with a space only beside what is not of letters alone: ("alarm", "at", "7", "am") → "alarmat 7 am"."""
    parts, letters_before = [], False
    for at, word in enumerate(words):
        letters = spelling.in_cased_script(word)
        parts.append(word if at == 0 or (letters and letters_before) else f" {word}")
        letters_before = letters
    return "".join(parts)


def without_courtesy(words: Words) -> Iterator[Words]:
    """The words without a courtesy at the beginning or the end, where two or more are left."""
    for size in (1, 2, 3):
        if len(words) >= size + 2:
            if words[:size] in COURTESY:
                yield words[size:]
            if words[-size:] in COURTESY:
                yield words[:-size]


def _without_punctuation(piece: str) -> str:
    """A piece between spaces; beside a digit a mark may be more than punctuation, and most stay."""
    if any(map(str.isnumeric, piece)):
        return piece.rstrip(".,;?").strip('"“”„«»')
    return piece.strip(_QUOTES).rstrip(_MARKS + _QUOTES).translate(_APOSTROPHES)


@dataclass(frozen=True, slots=True)
class _Corpus:
    """The words of n texts as numbers: those of a million texts would not fit as strings."""

    vocabulary: Sequence[str]
    ids: NDArray[np.uint32]
    """All words of all texts, one text after the other, by place in `vocabulary`."""
    starts: Ints
    """(n + 1): where the words of each text begin, and where the last ones end."""
    forms: Ints
    """(n): the hash of each text's form."""
    courteous: Sequence[int]
    """The texts that may have a courtesy at either end."""

    def context_words(self, text: int, place: int) -> Words:
        """The words of a text but for the one in that place."""
        ids = self.ids[self.starts[text] : self.starts[text + 1]].tolist()
        return tuple(self.vocabulary[number] for at, number in enumerate(ids) if at != place)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A word that may be a typo of another: both stand in one context."""

    word: str
    correction: str
    times: float
    """How many times as many texts hold the correction."""
    context: Words
    open_slot: bool
    """Whether other texts have further words in that place."""


def _read(texts: Sequence[str]) -> _Corpus:
    places: dict[str, int] = {}
    ids, sizes, forms, courteous = array("I"), array("q", [0]), array("q"), array("q")
    for i, text in enumerate(texts):
        words = words_of(text)
        ids.extend(places.setdefault(word, len(places)) for word in words)
        sizes.append(len(words))
        forms.append(hash(form_of(words)))
        if words and (words[0] in _COURTEOUS_ENDS or words[-1] in _COURTEOUS_ENDS):
            courteous.append(i)
    flat = np.frombuffer(ids, np.uint32) if ids else np.empty(0, np.uint32)
    hashes = np.frombuffer(forms, np.int64) if forms else np.empty(0, np.int64)
    return _Corpus(list(places), flat, np.cumsum(np.frombuffer(sizes, np.int64)), hashes, courteous)


def _same_form(texts: Sequence[str], corpus: _Corpus) -> Pairs:
    """Texts of one form, and texts that have the form of another but for a courtesy."""
    shorter = [(i, form_of(some)) for i in corpus.courteous for some in without_courtesy(words_of(texts[i]))]
    wanted = np.concatenate([_repeated(corpus.forms), np.array([hash(form) for _, form in shorter], np.int64)])
    texts_by_form: dict[str, list[int]] = defaultdict(list)
    for i in np.flatnonzero(_among(corpus.forms, np.sort(wanted))).tolist():
        if form := form_of(words_of(texts[i])):
            texts_by_form[form].append(i)
    pairs = {(i, j) for same in texts_by_form.values() for at, j in enumerate(same) for i in same[: min(at, CROWD)]}
    for i, form in shorter:
        pairs.update((min(i, j), max(i, j)) for j in texts_by_form.get(form, ())[:CROWD] if i != j)
    return pairs


def _misspelt(corpus: _Corpus, numbers: bool) -> Pairs:
    """Texts that are the same but for one word, which is a typo in one of them."""
    counts = _texts_with_word(corpus)
    corrections = spelling.corrections(corpus.vocabulary, counts)
    pairs: Pairs = set()
    for place, texts_by_word in _texts_by_context(corpus, corrections):
        for word, correction in [(w, c) for w in texts_by_word for c in corrections.get(w, ()) if c in texts_by_word]:
            texts = texts_by_word[word]
            candidate = _Candidate(
                word=corpus.vocabulary[word],
                correction=corpus.vocabulary[correction],
                times=counts[correction] / counts[word],
                context=corpus.context_words(texts[0], place),
                open_slot=any(w != correction and correction not in corrections.get(w, ()) for w in texts_by_word),
            )
            if _is_typo(candidate, numbers):
                pairs.update((min(i, j), max(i, j)) for i in texts for j in texts_by_word[correction][:CROWD])
    return pairs


def _is_typo(found: _Candidate, numbers: bool) -> bool:
    word, correction, times = found.word, found.correction, found.times
    mistyped = decisive.mistaken(word, correction) if numbers else None
    if mistyped is False:
        return False
    frequency_counts = mistyped is None and not found.open_slot and len(found.context) > 1
    if frequency_counts and spelling.is_typo_by_frequency(word, correction, times):
        return True
    if found.open_slot and times < spelling.TIMES_LONG:
        return False
    return spelling.is_typo_by_dictionary(word, correction, times) and _in_english(found.context)


def _in_english(context: Words) -> bool:
    """Whether the dictionary has half of the words or more: of a text in another language it tells nothing."""
    known = [spelling.in_dictionary(word) for word in context if spelling.in_cased_script(word)]
    return bool(known) and 2 * sum(known) >= len(known)


def _texts_with_word(corpus: _Corpus) -> list[int]:
    """How many texts hold each word."""
    counts = np.zeros(len(corpus.vocabulary), np.int64)
    for start, stop in blocks(np.diff(corpus.starts), BLOCK):
        ids = corpus.ids[corpus.starts[start] : corpus.starts[stop]]
        text = np.repeat(np.arange(start, stop), np.diff(corpus.starts[start : stop + 1]))
        once = np.unique((text << 32) | ids)
        counts += np.bincount(once & 0xFFFFFFFF, minlength=len(counts))
    return counts.tolist()


def _texts_by_context(
    corpus: _Corpus, corrections: Mapping[int, Sequence[int]]
) -> Iterator[tuple[int, dict[int, list[int]]]]:
    """(place, {word: texts}) of all texts that are the same but for the word in that place, where one may be a typo."""
    may_be = np.zeros(len(corpus.vocabulary), np.bool_)
    may_be[[number for word, some in corrections.items() for number in (word, *some)]] = True
    shared = _repeated(
        np.concatenate([np.empty(0, np.uint64), *(some[may_be[ids]] for _, ids, some in _contexts(corpus))])
    )
    groups: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    place: dict[int, int] = {}
    for first, ids, contexts in _contexts(corpus):
        for at in np.flatnonzero(_among(contexts, shared)).tolist():
            text = int(np.searchsorted(corpus.starts, first + at, side="right")) - 1
            context = int(contexts[at])
            place[context] = first + at - int(corpus.starts[text])
            groups[context][int(ids[at])].append(text)
    return ((place[context], texts_by_word) for context, texts_by_word in groups.items() if len(texts_by_word) > 1)


def _contexts(corpus: _Corpus) -> Iterator[tuple[int, NDArray[np.uint32], Hashes]]:
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


def _repeated(hashes: NDArray[Hash]) -> NDArray[Hash]:
    """Those that are there more than once, sorted."""
    hashes = np.sort(hashes)
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def _among(hashes: NDArray[Hash], wanted: NDArray[Hash]) -> Mask:
    """Which of some hashes are among the wanted, which are sorted."""
    if not len(wanted):
        return np.zeros(len(hashes), np.bool_)
    at = np.searchsorted(wanted, hashes)
    return np.equal(wanted[np.minimum(at, len(wanted) - 1)], hashes)
